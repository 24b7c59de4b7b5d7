"""A worker and its lease: whatever goes wrong, the message comes back and the lease is given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from copilot.answer_log.answers import Lease
from copilot.answer_log.header import NotTaken
from copilot.conversations.history import Message
from copilot.wire import Delta, End
from copilot.wire import Status as StatusFrame
from inference.answering.turn import Limits
from inference.clock import SystemClock
from inference.engine import Engine, EngineLoader, EngineUnusable
from inference.ports import Passage
from inference.publisher import Pace, Publisher
from inference.worker import DONE, Delivery, Worker, come_back, question_of
from tests.fakes import (
    FakeCache,
    FakeEmbedder,
    FakeLog,
    FakeMetrics,
    FakeModel,
    FakeRetriever,
    FakeSink,
    a_lease,
    passages,
    stop_after,
)

if TYPE_CHECKING:
    from inference.ports import Vector


class Leases:
    """Hands out one lease; ``refusal`` instead, if there is one."""

    def __init__(self, lease: Lease, refusal: NotTaken | None = None) -> None:
        self.lease = lease
        self.refusal = refusal
        self.released = 0
        self.said: list[Message] = []

    async def take(self, answer_id: str) -> Lease:
        if self.refusal is not None:
            raise self.refusal
        return self.lease

    async def release(self, lease: Lease) -> None:
        self.released += 1

    async def history(self, lease: Lease) -> list[Message]:
        return self.said


class BrokenRetriever(FakeRetriever):
    """Has a bug."""

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        raise LookupError("a bug")


ONCE = Delivery()


class Bench:
    """A worker on fakes."""

    def __init__(
        self, retriever: FakeRetriever | None = None, refusal: NotTaken | None = None
    ) -> None:
        lease = a_lease()
        self.log, self.sink, self.leases = FakeLog(lease), FakeSink(), Leases(lease, refusal)
        self.retriever = retriever or FakeRetriever(passages(2))
        self.unusable: str | None = None
        self.metrics = FakeMetrics()
        self.then_called = 0
        clock = SystemClock()
        self.engine = EngineLoader(self._build, self._then)
        self.worker = Worker(
            leases=self.leases,
            publisher=Publisher(self.log, self.sink, clock, Pace()),
            engine=self.engine,
            model=FakeModel(stop_after("It is 1,250 EUR [1].")),
            clock=clock,
            metrics=self.metrics,
            limits=Limits(),
        )

    def _build(self) -> Engine:
        if self.unusable is not None:
            raise EngineUnusable(self.unusable)
        return Engine(embedder=FakeEmbedder(), retriever=self.retriever, cache=FakeCache())

    def _then(self) -> None:
        self.then_called += 1

    async def answer(self, delivery: Delivery = ONCE) -> Any:
        deadline = SystemClock().monotonic() + 60
        return await self.worker.answer("a1", deadline=deadline, delivery=delivery)

    def frames(self) -> Sequence[Any]:
        return self.sink.frames.get("c1", [])


async def test_the_first_question_of_a_process_is_told_that_it_wakes() -> None:
    bench = Bench()
    assert await bench.answer() == DONE
    stages = [frame.stage for frame in bench.frames() if isinstance(frame, StatusFrame)]
    assert stages == ["waking", "retrieving", "thinking"]
    assert bench.then_called == 1
    text = "".join(frame.text for frame in bench.frames() if isinstance(frame, Delta))
    assert text == "It is 1,250 EUR [1]."


async def test_a_bug_gives_the_lease_up_and_ends_nothing() -> None:
    bench = Bench(BrokenRetriever())
    with pytest.raises(LookupError):
        await bench.answer()
    assert bench.leases.released == 1
    assert not any(isinstance(frame, End) for frame in bench.frames())


async def test_losing_the_answer_to_another_worker_is_no_failure() -> None:
    bench = Bench()
    bench.log.taken_over = True
    assert await bench.answer() == DONE
    assert bench.leases.released == 0
    assert not any(isinstance(frame, Delta | End) for frame in bench.frames())


@pytest.mark.parametrize("reason", ["final", "missing"])
async def test_nothing_to_do_is_done(reason: str) -> None:
    assert await Bench(refusal=NotTaken(reason)).answer() == DONE


async def test_a_leased_answer_waits_longer_each_time() -> None:
    bench = Bench(refusal=NotTaken("leased", retry_after_s=16))
    waits = [(await bench.answer(Delivery(times=n))).retry_after_s for n in (1, 2, 3, 4, 9)]
    assert waits == [16, 32, 64, 128, 300]
    assert come_back(2, 1).done is False


async def test_an_unusable_engine_is_told_once_and_tried_again() -> None:
    bench = Bench()
    bench.unusable = "No index. Build one: python -m embed build"
    assert await bench.answer() == DONE
    end = bench.frames()[-1]
    assert isinstance(end, End)
    assert end.error is not None
    assert (end.error.code, end.error.message) == ("index_unusable", bench.unusable)
    bench.unusable = None
    assert bench.engine.get().retriever is bench.retriever


def test_what_failed_is_not_part_of_the_conversation() -> None:
    def said(role: Any, text: str, state: str | None = None) -> Message:
        return Message(role=role, text=text, answer_id="a0", at=1, state=state)

    history = [
        said("user", "What is the fee?"),
        said("assistant", "Half", "error"),
        said("assistant", "", "cancelled"),
        said("assistant", "5 EUR [1].", "done"),
    ]
    question = question_of(a_lease(), history)
    assert [message.content for message in question.history] == ["What is the fee?", "5 EUR [1]."]
    assert question.groups == {"public", "public@acme"}
