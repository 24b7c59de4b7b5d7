"""What the cache forgets when an answer is thumbed down, or a person leaves."""

from __future__ import annotations

import asyncio
from typing import Any

from copilot.question_queue.messages import ForgetAnswer, ForgetUser
from copilot.wire import End
from inference.answering.turn_events import Ended
from inference.cache.forgetting import Forgetting
from inference.engine import Engine, EngineLoader
from tests.fakes import FakeCache, FakeEmbedder, FakeModel, FakeRetriever, passages, stop_after
from tests.unit.test_turn import a_question, end_of, events_of, parts_of

ASKED = "What is the annual fee of Alder?"


class Ends:
    """How the answers of tenant acme ended."""

    def __init__(self) -> None:
        self.known: dict[str, End] = {}

    def note(self, answer_id: str, ended: Ended) -> None:
        self.known[answer_id] = End(
            answer_id=answer_id,
            epoch=1,
            last_seq=1,
            state=ended.state,
            finish_reason=ended.finish_reason,
            sha256="",
            citations=ended.citations,
            receipt=ended.receipt,
        )

    async def end_of(self, answer_id: str, tenant: str) -> End | None:
        return self.known.get(answer_id) if tenant == "acme" else None


class Room:
    """A cache that was filled by turns, and what makes it forget."""

    def __init__(self, cache: FakeCache | None = None) -> None:
        self.cache, self.ends = cache or FakeCache(threshold=0.2), Ends()
        self.retriever = FakeRetriever(passages(3))
        engine = EngineLoader(
            lambda: Engine(embedder=FakeEmbedder(), retriever=self.retriever, cache=self.cache),
            then=lambda: None,
        )
        self.forgetting = Forgetting(engine, self.ends)

    def ask(self, text: str, *, answer_id: str, user: str = "ann") -> str:
        parts = parts_of(
            FakeModel(stop_after("It is 1,250 EUR [1].")),
            cache=self.cache,
            retriever=self.retriever,
        )
        question = a_question(text, tenant="acme", answer_id=answer_id, user=user)
        ended = end_of(events_of(question, parts))
        self.ends.note(answer_id, ended)
        assert ended.receipt is not None
        return ended.receipt.cache.decision

    def forget(self, message: ForgetAnswer | ForgetUser) -> bool:
        return asyncio.run(self.forgetting.forget(message))

    @property
    def kept(self) -> list[str]:
        return [answer.question for _, _, answer in self.cache.entries]


def test_a_thumbed_down_answer_is_not_served_again() -> None:
    room = Room()
    assert room.ask(ASKED, answer_id="a1") == "miss"
    assert not room.forget(ForgetAnswer(tenant="acme", answer_id="a1")), "no cached answer"
    assert room.ask(ASKED, answer_id="a2") == "miss"


def test_a_thumb_down_on_a_served_answer_drops_the_entry_it_came_from() -> None:
    room = Room()
    room.ask(ASKED, answer_id="a1")
    assert room.ask(ASKED, answer_id="a2", user="bob") == "hit"
    assert room.forget(ForgetAnswer(tenant="acme", answer_id="a2")), "a false hit is reported"
    assert room.kept == []


def test_another_tenant_s_word_changes_nothing() -> None:
    room = Room()
    room.ask(ASKED, answer_id="a1")
    room.ask(ASKED, answer_id="a2")
    for answer_id in ("a1", "a2"):
        room.forget(ForgetAnswer(tenant="globex", answer_id=answer_id))
    room.forget(ForgetUser(tenant="globex", user="ann"))
    assert room.kept == [ASKED]


def test_a_person_s_answers_go_and_others_stay() -> None:
    room = Room()
    room.ask(ASKED, answer_id="a1")
    room.ask("Which colour has the cover?", answer_id="a2", user="bob")
    room.forget(ForgetUser(tenant="acme", user="ann"))
    assert room.kept == ["Which colour has the cover?"]
    room.forget(ForgetUser(tenant="acme", user="ann"))


def test_an_answer_that_ends_after_the_first_message_goes_with_the_second() -> None:
    class Overtaken(FakeCache):
        """The first message is carried out between the end of a turn and its store."""

        async def store(self, *args: Any, **kwargs: Any) -> None:
            await self.forget_user("acme", "ann")
            await super().store(*args, **kwargs)

    room = Room(Overtaken(threshold=0.2))
    room.ask(ASKED, answer_id="a1")
    assert room.kept == [ASKED], "one message alone would leave it"
    room.forget(ForgetUser(tenant="acme", user="ann"))
    assert room.kept == []
