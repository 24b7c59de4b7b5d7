"""What a person gets, on real sockets, worker processes and a scripted model."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from copilot.transcript import Transcript
from copilot.wire import (
    Rejected,
    Start,
)
from local.client.chat_client import ChatClient, Refused
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
WORDS = [f"word{number} " for number in range(60)]


@pytest_asyncio.fixture
async def client(stack: LocalStack) -> AsyncIterator[ChatClient]:
    async with ChatClient(stack.websocket_url) as chat:
        yield chat


def slow(words: list[str] = WORDS, delay_s: float = 0.05) -> Script:
    return Script(tokens=words, delay_s=delay_s)


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


async def test_an_answer_goes_on_without_its_reader_and_is_read_later(
    stack: LocalStack, model: ScriptedModel
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


async def test_two_tabs_see_the_same_answer(stack: LocalStack, model: ScriptedModel) -> None:
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


async def decision(client: ChatClient, question: str) -> str:
    """What the cache decided about a question that is asked now."""
    end = (await client.follow((await client.ask(question)).answer_id)).end
    assert end is not None
    assert end.receipt is not None
    return end.receipt.cache.decision


async def test_the_same_question_again_comes_from_the_cache_until_asked_afresh(
    stack: LocalStack, model: ScriptedModel
) -> None:
    question = "How is curtailment compensated under the Harrow Ridge power purchase agreement?"
    model.script(Script(tokens=["Harrow Ridge curtailment is compensated [1]."]))
    async with ChatClient(stack.websocket_url) as ann, ChatClient(stack.websocket_url) as bob:
        first = await ann.follow((await ann.ask(question)).answer_id)
        assert first.end is not None
        assert first.end.receipt is not None
        assert first.end.receipt.cache.decision == "miss"
        # It is stored after the end has been sent.
        async with asyncio.timeout(30):
            while await decision(ann, question) == "miss":
                continue
        served = len(model.served)
        again = await bob.follow((await bob.ask(question)).answer_id)
        assert_whole(again, first.text)
        assert again.end is not None
        assert again.end.receipt is not None
        assert again.end.receipt.cache.decision == "hit"
        assert [s.chunk_id for s in again.sources] == [s.chunk_id for s in first.sources]
        assert len(model.served) == served
        await bob.follow((await bob.ask(question, fresh=True)).answer_id)
        assert len(model.served) == served + 1


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
