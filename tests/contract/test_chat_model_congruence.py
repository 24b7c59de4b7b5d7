"""Both chat models on the same bytes: same deltas, same ending, same errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from langchain_openai.chat_models import _client_utils

from inference.chat_models.chat_model import OpenAIChatModel
from inference.chat_models.langchain_model import LangchainChatModel
from inference.chat_models.sdk_chat_model import SdkChatModel
from inference.clock import SystemClock
from inference.demand import Demand
from inference.ports import ChatMessage, ChatModel, Finished, ModelError, Prompt, TextDelta
from tests.contract.scripted_openai import (
    DONE,
    Cut,
    Reply,
    ScriptedOpenAI,
    chunk,
    event,
    failure,
    scripted_openai,
    spoken,
)

PROMPT = Prompt(
    messages=[
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="Fee?"),
    ],
    question="Fee?",
    passages=[],
)

Make = Callable[[ScriptedOpenAI], ChatModel]
AnyModel = OpenAIChatModel | SdkChatModel | LangchainChatModel


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with scripted_openai() as running:
        yield running


@pytest_asyncio.fixture(params=["stream", "sdk", "langchain"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes the adapter under test; what it opened is closed afterwards."""
    made: list[AnyModel] = []

    def of(server: ScriptedOpenAI) -> ChatModel:
        made.append(MODELS[request.param](server))
        return made[-1]

    yield of
    for model in made:
        if isinstance(model, OpenAIChatModel | SdkChatModel):
            await model.close()
        else:
            client: Any = model.load()
            await client.root_async_client.close()
            # langchain keeps clients by address, and another server may get the same port.
            _client_utils._cached_async_httpx_client.cache_clear()


def openai_model(server: ScriptedOpenAI) -> OpenAIChatModel:
    return OpenAIChatModel(
        "scripted", key=lambda: "sk-test", base_url=server.base_url, clock=SystemClock()
    )


def langchain_model(server: ScriptedOpenAI) -> LangchainChatModel:
    return LangchainChatModel(
        "openai:scripted", key=lambda: "sk-test", base_url=server.base_url, clock=SystemClock()
    )


def sdk_model(server: ScriptedOpenAI) -> SdkChatModel:
    return SdkChatModel(
        "scripted", key=lambda: "sk-test", base_url=server.base_url, clock=SystemClock()
    )


MODELS: dict[str, Callable[[ScriptedOpenAI], AnyModel]] = {
    "stream": openai_model,
    "sdk": sdk_model,
    "langchain": langchain_model,
}


async def heard(model: ChatModel) -> list[TextDelta | Finished]:
    return [item async for item in model.stream(PROMPT)]


async def test_a_whole_stream(server: ScriptedOpenAI, make: Make) -> None:
    server.reply = spoken("The fee ", "is 1,250 €", " [1].")
    *deltas, finished = await heard(make(server))
    said = [item.text for item in deltas if isinstance(item, TextDelta)]
    assert len(said) == len(deltas)
    assert "".join(said) == "The fee is 1,250 € [1]."
    assert finished == Finished(finish_reason="stop", prompt_tokens=12, completion_tokens=3)
    [asked] = server.requests
    assert asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Fee?"},
    ]
    assert (asked["model"], asked["stream"]) == ("scripted", True)
    assert asked["stream_options"] == {"include_usage": True}
    assert server.keys == ["Bearer sk-test"]


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_bytes_cut_anywhere_make_the_same_text(
    server: ScriptedOpenAI, make: Make, size: int
) -> None:
    raw = b"".join(piece for piece in spoken("Größe ", "5 €", " 🌬️") if isinstance(piece, bytes))
    server.reply = [raw[i : i + size] for i in range(0, len(raw), size)]
    items = await heard(make(server))
    text = "".join(item.text for item in items if isinstance(item, TextDelta))
    assert text == "Größe 5 € 🌬️"


async def test_lone_surrogates_become_text_that_utf8_can_carry(
    server: ScriptedOpenAI, make: Make
) -> None:
    server.reply = spoken("a\ud83db")
    items = await heard(make(server))
    assert TextDelta(text="a\ufffdb") in items


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_other_endings(server: ScriptedOpenAI, make: Make, reason: str) -> None:
    server.reply = [chunk("Half"), chunk(finish=reason), DONE]
    finished = (await heard(make(server)))[-1]
    assert isinstance(finished, Finished)
    assert finished.finish_reason == reason


async def test_a_stream_without_a_finish_reason_yields_no_finish(
    server: ScriptedOpenAI, make: Make
) -> None:
    server.reply = [chunk("Half"), DONE]
    assert await heard(make(server)) == [TextDelta(text="Half")]


@pytest.mark.parametrize(
    ("reply", "code", "retryable", "wait"),
    [
        (failure(401, "Incorrect API key"), "model_auth", False, None),
        (failure(403, "Forbidden"), "model_auth", False, None),
        (failure(404, "The model does not exist"), "model_not_found", False, None),
        (failure(429, "Slow down", retry_after="7"), "model_rate_limited", True, 7.0),
        (failure(429, "Slow down", retry_after_ms="1500"), "model_rate_limited", True, 1.5),
        (
            failure(429, "You exceeded your quota", code="insufficient_quota"),
            "model_quota",
            False,
            None,
        ),
        (failure(500, "Oops"), "model_unavailable", True, None),
        (failure(503, "Busy", retry_after="2"), "model_unavailable", True, 2.0),
        (
            failure(
                400,
                "This model's maximum context length is 8 tokens",
                code="context_length_exceeded",
            ),
            "context_length",
            False,
            None,
        ),
        (failure(400, "No"), "model_refused", False, None),
        ([chunk("Half"), Cut()], "model_unavailable", True, None),
        ([Cut()], "model_unavailable", True, None),
        ([chunk("Half"), b"data: {not json}\n\n"], "model_failed", True, None),
        ([chunk("Half"), event({"error": {"message": "overloaded"}})], "model_failed", True, None),
    ],
)
async def test_failures(
    server: ScriptedOpenAI, make: Make, reply: Reply, code: str, retryable: bool, wait: float | None
) -> None:
    server.reply = reply
    with pytest.raises(ModelError) as caught:
        await heard(make(server))
    error = caught.value
    assert (error.code, error.retryable, error.retry_after_s) == (code, retryable, wait)
    assert len(server.requests) == 1, "the turn retries, not the library"
    assert "sk-test" not in error.message


async def test_nobody_listening_is_unavailable(make: Make) -> None:
    nowhere = ScriptedOpenAI()
    nowhere.base_url = "http://127.0.0.1:9/v1"
    with pytest.raises(ModelError) as caught:
        await heard(make(nowhere))
    assert (caught.value.code, caught.value.retryable) == ("model_unavailable", True)


async def test_what_is_said_while_nothing_is_wanted_comes_when_it_is(
    server: ScriptedOpenAI, make: Make
) -> None:
    pieces = [piece for number in range(5) for piece in (0.01, chunk(f" {number}"))]
    server.reply = [chunk("One"), *pieces, chunk(finish="stop"), DONE]
    model, wanted = make(server), Demand()
    stream = model.stream(PROMPT, wanted)
    said = [await anext(stream)]
    wanted.clear()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.wait_for(server.replied.wait(), 10)
    await asyncio.sleep(0)
    if isinstance(model, OpenAIChatModel):
        assert not waiting.done(), "the socket was read"
    wanted.set()
    said += [await waiting, *[item async for item in stream]]
    *deltas, finished = said
    texts = [item.text for item in deltas if isinstance(item, TextDelta)]
    assert "".join(texts) == "One 0 1 2 3 4"
    if isinstance(model, OpenAIChatModel):
        assert texts == ["One", " 0 1 2 3 4"], "one read takes all that has come"
    assert isinstance(finished, Finished)
    assert finished.finish_reason == "stop"
    # The connection is left as it was found.
    server.reply = spoken("Hello")
    assert await heard(model) == [
        TextDelta(text="Hello"),
        Finished(finish_reason="stop", prompt_tokens=12, completion_tokens=3),
    ]


async def test_leaving_a_stream_closes_the_connection(server: ScriptedOpenAI, make: Make) -> None:
    server.reply = [chunk("One"), *[piece for _ in range(200) for piece in (0.05, chunk("more"))]]
    stream: Any = make(server).stream(PROMPT)
    assert await anext(stream) == TextDelta(text="One")
    await stream.aclose()
    await asyncio.wait_for(server.disconnected.wait(), 3)


async def test_a_completion(server: ScriptedOpenAI, make: Make) -> None:
    server.completion = "What is the fee in 2023?"
    assert await make(server).complete(PROMPT.messages) == "What is the fee in 2023?"


@pytest.mark.parametrize("kind", [OpenAIChatModel, SdkChatModel])
async def test_a_new_key_is_read_after_the_old_one_was_refused(
    server: ScriptedOpenAI, kind: type[OpenAIChatModel | SdkChatModel]
) -> None:
    keys = iter(["sk-old", "sk-new"])
    model = kind("scripted", key=lambda: next(keys), base_url=server.base_url, clock=SystemClock())
    server.reply = failure(401, "Incorrect API key")
    with pytest.raises(ModelError):
        await heard(model)
    server.reply = spoken("Hello")
    await heard(model)
    assert server.keys == ["Bearer sk-old", "Bearer sk-new"]
    await model.close()


async def test_an_unknown_provider_names_the_setting() -> None:
    model = LangchainChatModel("nobody:x", key=lambda: "", clock=SystemClock())
    with pytest.raises(ModelError) as caught:
        await heard(model)
    assert caught.value.code == "model_misconfigured"
    assert "CHAT_MODEL=nobody:x" in caught.value.message
