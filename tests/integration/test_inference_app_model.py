"""The inference function with a language model and a cache behind it, both real processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import boto3
import pytest

from copilot.table import Table
from copilot.wire import End, Receipt, Start
from inference import app as entry
from tests.contract.scripted_openai import (
    Cut,
    ScriptedOpenAI,
    chunk,
    failure,
    scripted_openai,
    spoken,
)
from tests.integration.management_api import ManagementApi
from tests.integration.test_inference_app import (  # noqa: F401
    Room,
    environment,
    management,
)
from tests.integration.test_qdrant_cache import local_url  # noqa: F401


@pytest.fixture
def gpt() -> Iterator[ScriptedOpenAI]:
    """The scripted server on a loop of its own, since the function runs its own loop too."""
    started: list[ScriptedOpenAI] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with scripted_openai() as server:
            started.append(server)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    yield started[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def room(
    environment: pytest.MonkeyPatch,  # noqa: F811
    table: Table,
    management: ManagementApi,  # noqa: F811
    gpt: ScriptedOpenAI,
) -> Iterator[Room]:
    environment.setenv("OPENAI_BASE_URL", gpt.base_url)
    environment.setenv("OPENAI_API_KEY", "sk-test")
    queue_url = boto3.client("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
    yield Room(table, queue_url, management)
    model = entry.process().model
    entry.runner().run(model.close())  # type: ignore[attr-defined]


def receipt_of(end: End | None) -> Receipt:
    assert end is not None
    assert end.receipt is not None
    return end.receipt


def test_gpt_answers_and_its_invented_sources_are_dropped(room: Room, gpt: ScriptedOpenAI) -> None:
    gpt.reply = spoken("It guarantees ", "97 % [", "1] of", " the time [42].")
    answer_id = room.ask()
    assert room.deliver() == []
    transcript = room.transcript(answer_id)
    assert transcript.text == "It guarantees 97 % [1] of the time."
    receipt = receipt_of(transcript.end)
    assert (receipt.model, receipt.tokens.prompt, receipt.tokens.completion) == (
        "gpt-4o-mini",
        12,
        3,
    )
    system, user = gpt.requests[0]["messages"]
    assert system["role"] == "system"
    assert '<source id="1"' in user["content"]


def test_a_break_in_mid_answer_begins_a_new_epoch(room: Room, gpt: ScriptedOpenAI) -> None:
    gpt.reply = [chunk("Half an answer "), 0.3, Cut()]
    answer_id = room.ask()
    assert room.deliver() == []
    transcript = room.transcript(answer_id)
    assert transcript.end is not None
    assert transcript.end.error is not None
    assert transcript.end.error.code == "model_unavailable"
    epochs = [event.epoch for event in room.events(answer_id) if isinstance(event, Start)]
    assert epochs == [1, 2, 3]
    assert len(gpt.requests) == 3


def test_a_wrong_key_names_the_setting(room: Room, gpt: ScriptedOpenAI) -> None:
    gpt.reply = failure(401, "Incorrect API key provided: sk-test")
    answer_id = room.ask()
    assert room.deliver() == []
    end = room.transcript(answer_id).end
    assert end is not None
    assert end.error is not None
    assert end.error.code == "model_auth"
    assert "OPENAI_API_KEY" in end.error.message
    assert "sk-test" not in end.error.message


def test_the_second_asking_comes_from_qdrant_unless_asked_afresh(
    environment: pytest.MonkeyPatch,  # noqa: F811
    local_url: str,  # noqa: F811
    room: Room,
    gpt: ScriptedOpenAI,
) -> None:
    environment.setenv("QDRANT_URL", local_url)
    entry.process.cache_clear()
    gpt.reply = spoken("The service agreement guarantees availability [1].")
    decisions = []
    for fresh in (False, False, True):
        answer_id = room.ask(fresh=fresh)
        assert room.deliver([r for r in room.receive() if answer_id in r["body"]]) == []
        transcript = room.transcript(answer_id)
        assert transcript.text == "The service agreement guarantees availability [1]."
        assert transcript.sources
        decisions.append(receipt_of(transcript.end).cache.decision)
    assert decisions == ["miss", "hit", "bypass"]
    assert len(gpt.requests) == 2


def test_an_unreachable_qdrant_costs_nothing_but_the_cache(
    environment: pytest.MonkeyPatch,  # noqa: F811
    room: Room,
    gpt: ScriptedOpenAI,
) -> None:
    environment.setenv("QDRANT_URL", "http://127.0.0.1:9")
    entry.process.cache_clear()
    gpt.reply = spoken("97 % [1].")
    answer_id = room.ask()
    assert room.deliver() == []
    receipt = receipt_of(room.transcript(answer_id).end)
    assert receipt.cache.decision == "bypass"
    assert "QDRANT_URL" in receipt.cache.reason
