"""The promise, over real sockets, real worker processes and a scripted model: one whole answer."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from copilot.transcript import Transcript
from copilot.wire import (
    AnyServerEvent,
    Cancel,
    Delta,
    Error,
    Rejected,
    Resume,
    Start,
    encode_client,
)
from local.chat_client import ChatClient, Refused
from tests.e2e.openai_server import Script, ScriptedModel
from tests.e2e.stack import StackProcess

QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
WORDS = [f"word{number} " for number in range(60)]


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server


@pytest.fixture(scope="module")
def stack(model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    environment = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url}
    with StackProcess(tmp_path_factory.mktemp("stack"), environment) as running:
        yield running


@pytest_asyncio.fixture
async def client(stack: StackProcess) -> AsyncIterator[ChatClient]:
    async with ChatClient(stack.websocket_url) as chat:
        yield chat


def slow(words: list[str] = WORDS, delay_s: float = 0.05) -> Script:
    return Script(tokens=words, delay_s=delay_s)


def after(seq: int, act: Callable[[], None]) -> Callable[[AnyServerEvent, Transcript], None]:
    """Do something once, when the delta with ``seq`` has come."""
    done: list[bool] = []

    def on_event(event: AnyServerEvent, transcript: Transcript) -> None:
        if isinstance(event, Delta) and event.seq >= seq and not done:
            done.append(True)
            act()

    return on_event


def assert_whole(transcript: Transcript, text: str) -> None:
    assert transcript.end is not None
    assert transcript.state == "done"
    assert transcript.text == text
    assert transcript.end.sha256 == hashlib.sha256(text.encode()).hexdigest()


async def test_an_answer_streams_with_sources_citations_and_a_receipt(
    client: ChatClient, model: ScriptedModel
) -> None:
    tokens = ["The price is ", "fixed [", "1", "]. Not", "hing [99] else."]
    model.script(Script(tokens=tokens, delay_s=0.15))
    seen: list[str] = []
    accepted = await client.ask(QUESTION, fresh=True)
    transcript = await client.follow(
        accepted.answer_id, on_event=lambda event, _: seen.append(type(event).__name__)
    )
    assert_whole(transcript, "The price is fixed [1]. Nothing else.")
    assert seen.index("Start") < seen.index("Sources") < seen.index("Delta")
    assert seen.count("Delta") >= 3  # it streamed
    assert seen[-1] == "End"
    assert transcript.sources
    end = transcript.end
    assert end is not None
    [citation] = end.citations
    assert citation.source_id == "1"
    assert citation.document == transcript.sources[0].document
    receipt = end.receipt
    assert receipt is not None
    assert receipt.model == "gpt-4o-mini"
    assert receipt.cache.decision == "bypass"
    assert {stage.name for stage in receipt.stages} >= {"embed", "retrieve", "model"}
    assert receipt.tokens.completion == len(tokens)


async def test_a_cut_socket_is_resumed_and_the_model_is_asked_once(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(slow())
    served = len(model.served)
    accepted = await client.ask(QUESTION, fresh=True)
    transcript = await client.follow(accepted.answer_id, on_event=after(4, client.cut))
    assert_whole(transcript, "".join(WORDS))
    assert client.resumes >= 1
    assert transcript.epoch == 1
    assert len(model.served) == served + 1


async def test_an_answer_goes_on_without_its_reader_and_is_read_later(
    stack: StackProcess, model: ScriptedModel
) -> None:
    model.script(slow(WORDS[:20]))
    async with ChatClient(stack.websocket_url, client_id="reader") as first:
        accepted = await first.ask(QUESTION, fresh=True)
        await asyncio.sleep(0.3)
        first.cut()
    await asyncio.sleep(2)
    async with ChatClient(stack.websocket_url, client_id="reader") as second:
        transcript = Transcript(accepted.answer_id)
        await second.resume(transcript)
        await second.follow(accepted.answer_id, transcript=transcript)
    assert_whole(transcript, "".join(WORDS[:20]))


async def test_two_tabs_see_the_same_answer(stack: StackProcess, model: ScriptedModel) -> None:
    model.script(slow(WORDS[:30]))
    async with (
        ChatClient(stack.websocket_url, client_id="tabs") as one,
        ChatClient(stack.websocket_url, client_id="tabs") as two,
    ):
        accepted = await one.ask(QUESTION, fresh=True)
        late = Transcript(accepted.answer_id)
        await two.resume(late)
        both = await asyncio.gather(
            one.follow(accepted.answer_id), two.follow(accepted.answer_id, transcript=late)
        )
    for transcript in both:
        assert_whole(transcript, "".join(WORDS[:30]))


async def test_the_same_message_five_times_is_answered_once(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(slow(WORDS[:10]))
    served = len(model.served)
    accepted = [
        await client.ask(QUESTION, fresh=True, client_msg_id="five-times") for _ in range(5)
    ]
    assert len({a.answer_id for a in accepted}) == 1
    transcript = await client.follow(accepted[0].answer_id)
    assert_whole(transcript, "".join(WORDS[:10]))
    await asyncio.sleep(1)
    assert len(model.served) == served + 1
    with pytest.raises(Refused) as conflict:
        await client.ask("Another question?", client_msg_id="five-times")
    assert conflict.value.rejected.code == "idempotency_conflict"


async def test_a_worker_killed_in_mid_answer_is_replaced_and_the_answer_is_whole(
    client: ChatClient, model: ScriptedModel, stack: StackProcess
) -> None:
    model.script(slow(), Script(tokens=WORDS))
    starts: list[int] = []

    def kill() -> None:
        struck = stack.control("POST", "/functions/InferenceFunction/kill")
        assert struck["workers"]

    on_delta = after(5, kill)

    def on_event(event: AnyServerEvent, transcript: Transcript) -> None:
        on_delta(event, transcript)
        if isinstance(event, Start):
            starts.append(event.epoch)

    accepted = await client.ask(QUESTION, fresh=True)
    transcript = await client.follow(accepted.answer_id, on_event=on_event)
    assert_whole(transcript, "".join(WORDS))
    assert transcript.epoch == 2
    assert starts[0] == 1


async def test_a_stop_in_mid_answer_keeps_what_was_written(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(slow())
    accepted = await client.ask(QUESTION, fresh=True)
    loop = asyncio.get_running_loop()
    stops: list[asyncio.Task[None]] = []

    def stop() -> None:
        frame = encode_client(Cancel(answer_id=accepted.answer_id))
        stops.append(loop.create_task(client.send(frame)))

    began = time.monotonic()
    transcript = await client.follow(accepted.answer_id, on_event=after(4, stop))
    assert transcript.state == "cancelled"
    assert transcript.text
    assert "".join(WORDS).startswith(transcript.text)
    assert len(transcript.text) < len("".join(WORDS))
    assert time.monotonic() - began < 60
    # The conversation is free again.
    model.script(Script(tokens=["Next."]))
    again = await client.ask(QUESTION, fresh=True, conversation_id=accepted.conversation_id)
    assert_whole(await client.follow(again.answer_id), "Next.")


async def test_a_second_question_waits_for_the_first(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(slow(WORDS[:15]))
    accepted = await client.ask(QUESTION, fresh=True)
    with pytest.raises(Refused) as busy:
        await client.ask("And the term?", conversation_id=accepted.conversation_id)
    assert busy.value.rejected.code == "busy"
    assert_whole(await client.follow(accepted.answer_id), "".join(WORDS[:15]))


async def test_a_follow_up_uses_the_conversation(client: ChatClient, model: ScriptedModel) -> None:
    model.script(Script(tokens=["48.50 USD per MWh [1]."]))
    first = await client.ask(QUESTION, fresh=True)
    await client.follow(first.answer_id)
    standalone = "How long is the term of the Harrow Ridge power purchase agreement?"
    model.script(Script(tokens=[standalone]), Script(tokens=["20 years [1]."]))
    second = await client.ask(
        "And how long is the term?", fresh=True, conversation_id=first.conversation_id
    )
    transcript = await client.follow(second.answer_id)
    assert_whole(transcript, "20 years [1].")
    assert transcript.end is not None
    assert transcript.end.receipt is not None
    assert transcript.end.receipt.standalone_question == standalone
    condensing = str(model.served[-2].body["messages"])
    assert QUESTION in condensing
    assert "48.50" in condensing


async def test_the_same_question_again_comes_from_the_cache_until_asked_afresh(
    stack: StackProcess, model: ScriptedModel
) -> None:
    question = "How is curtailment compensated under the Harrow Ridge power purchase agreement?"
    model.script(Script(tokens=["It is paid [1]."]))
    async with ChatClient(stack.websocket_url) as ann, ChatClient(stack.websocket_url) as bob:
        first = await ann.follow((await ann.ask(question)).answer_id)
        assert first.end is not None
        assert first.end.receipt is not None
        assert first.end.receipt.cache.decision == "miss"
        served = len(model.served)
        await asyncio.sleep(0.5)  # it is stored after the end has been sent
        again = await bob.follow((await bob.ask(question)).answer_id)
        assert_whole(again, first.text)
        assert again.end is not None
        assert again.end.receipt is not None
        assert again.end.receipt.cache.decision == "hit"
        assert [s.chunk_id for s in again.sources] == [s.chunk_id for s in first.sources]
        assert len(model.served) == served
        await bob.follow((await bob.ask(question, fresh=True)).answer_id)
        assert len(model.served) == served + 1


async def test_frames_that_are_no_messages_get_a_typed_error_and_the_socket_lives(
    client: ChatClient,
) -> None:
    async def code_of(event: AnyServerEvent) -> str:
        assert isinstance(event, Error), event
        return event.code

    await client.send('{"action":"message","text":"' + "x" * 33_000 + '"}')
    assert await code_of(await client.receive(10)) == "frame_too_large"
    await client.send("{nonsense")
    assert await code_of(await client.receive(10)) == "bad_json"
    await client.send_binary(b"\x00\x01")
    assert await code_of(await client.receive(10)) == "binary_frame"
    await client.send('{"action":"dance"}')
    assert await code_of(await client.receive(10)) == "unknown_action"
    await client.send(encode_client(Resume(answer_id="somebody-elses")))
    assert await code_of(await client.receive(10)) == "unknown_answer"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("  ", "empty_question"),
        ("x" * 10_000, "question_too_long"),
        ("\x07bell", "control_characters"),
    ],
)
async def test_what_is_not_a_question_is_rejected(client: ChatClient, text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await client.ask(text)
    assert refused.value.rejected.code == code


async def test_an_unknown_conversation_is_rejected(client: ChatClient) -> None:
    with pytest.raises(Refused) as refused:
        await client.ask(QUESTION, conversation_id="nowhere")
    assert isinstance(refused.value.rejected, Rejected)
    assert refused.value.rejected.code == "unknown_conversation"


async def test_the_short_form_is_answered(client: ChatClient, model: ScriptedModel) -> None:
    model.script(Script(tokens=["Yes."]))
    await client.send('{"action":"message","fresh":true,"data":"' + QUESTION + '"}')
    while True:
        event = await client.receive(10)
        if isinstance(event, Start):
            break
    transcript = Transcript(event.answer_id)
    transcript.apply(event)
    assert_whole(await client.follow(event.answer_id, transcript=transcript), "Yes.")


async def test_a_model_that_breaks_off_is_asked_again_under_a_new_epoch(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(Script(tokens=WORDS, delay_s=0.02, break_after=30), Script(tokens=["Whole now."]))
    accepted = await client.ask(QUESTION, fresh=True)
    transcript = await client.follow(accepted.answer_id)
    assert_whole(transcript, "Whole now.")
    assert transcript.epoch == 2


async def test_a_wrong_key_ends_in_an_error_that_says_what_to_set(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(Script(status=401))
    transcript = await client.follow((await client.ask(QUESTION, fresh=True)).answer_id)
    assert transcript.end is not None
    error = transcript.end.error
    assert error is not None
    assert (transcript.state, error.code, error.retryable) == ("error", "model_auth", False)
    assert "OPENAI_API_KEY" in error.message


async def test_a_busy_model_is_asked_again_after_the_time_it_names(
    client: ChatClient, model: ScriptedModel
) -> None:
    model.script(Script(status=429, retry_after="1"), Script(tokens=["At last."]))
    transcript = await client.follow((await client.ask(QUESTION, fresh=True)).answer_id)
    assert_whole(transcript, "At last.")


async def test_dropped_repeated_and_reordered_frames_leave_the_answer_whole(
    client: ChatClient, model: ScriptedModel, stack: StackProcess
) -> None:
    model.script(slow())
    accepted = await client.ask(QUESTION, fresh=True)
    for fault in (
        {"kind": "drop", "contains": '"delta"', "skip": 3},
        {"kind": "duplicate", "contains": '"delta"', "skip": 6},
        {"kind": "hold", "contains": '"delta"', "skip": 9},
        {"kind": "drop", "contains": '"end"'},
    ):
        stack.control("POST", "/faults", fault)
    try:
        transcript = await client.follow(accepted.answer_id)
    finally:
        stack.control("DELETE", "/faults")
    assert_whole(transcript, "".join(WORDS))
    assert client.resumes >= 2
