"""Workers that stop, come back or never finish: who may speak, and what a person hears."""

from __future__ import annotations

import asyncio
import hashlib
import json

import boto3
import pytest

from copilot.transcript import Transcript
from local.client.chat_client import ChatClient
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

QUESTION = "How long is the notice period of the Harrow Ridge power purchase agreement?"
WORDS = tuple(f"word{number} " for number in range(100))
TEXT = "".join(WORDS)
LEASE_S = 15.0


async def streaming(client: ChatClient) -> Transcript:
    """An answer of which some text has arrived."""
    accepted = await client.ask(QUESTION, fresh=True)
    transcript = Transcript(accepted.answer_id)
    while not transcript.text:
        event = await client.receive(10)
        if getattr(event, "answer_id", None) == transcript.answer_id and hasattr(event, "epoch"):
            transcript.apply(event)  # type: ignore[arg-type]
    return transcript


def assert_whole(transcript: Transcript) -> None:
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    assert transcript.text == TEXT
    assert transcript.end.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


async def test_a_paused_worker_that_wakes_after_its_takeover_changes_nothing(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(Script(tokens=WORDS, delay_s=0.02))
    async with ChatClient(stack.websocket_url) as client:
        transcript = await streaming(client)
        [paused] = stack.signal_workers("InferenceFunction", "pause")
        await client.follow(transcript.answer_id, transcript=transcript, timeout_s=60)
        assert_whole(transcript)
        assert transcript.epoch == 2
        stack.signal_workers("InferenceFunction", "continue")
        await _idle(stack, paused)
        late = Transcript(transcript.answer_id)
        await client.resume(late)
        await client.follow(transcript.answer_id, transcript=late)
    assert_whole(late)
    assert late.epoch == 2


async def test_a_reader_that_is_gone_for_every_push_finds_the_whole_answer_later(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(Script(tokens=WORDS, delay_s=0.01))
    async with ChatClient(stack.websocket_url) as client:
        stack.fault("refuse", status=410, times=None)
        accepted = await client.ask(QUESTION, fresh=True)
        while not (model.served and model.served[-1].finished):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        stack.clear_faults()
        transcript = await client.follow(accepted.answer_id)
    assert_whole(transcript)
    assert len(model.served) == 1


async def test_a_dead_letter_ends_the_answer_with_one_clear_error(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(Script(tokens=WORDS, stall_after=10))
    async with ChatClient(stack.websocket_url, watchdog_s=LEASE_S * 4) as client:
        transcript = await streaming(client)
        assert stack.signal_workers("InferenceFunction", "kill")
        await asyncio.sleep(LEASE_S + 1)
        await asyncio.to_thread(_bury, stack, transcript.answer_id)
        await client.follow(transcript.answer_id, transcript=transcript)
    assert transcript.end is not None
    assert transcript.end.state == "error"
    assert transcript.end.error is not None
    assert transcript.end.error.code == "answer_failed"
    assert transcript.end.error.retryable


@pytest.mark.parametrize("service", ["dynamodb", "sqs"])
async def test_a_service_that_denies_calls_for_a_moment_costs_time_and_nothing_else(
    stack: LocalStack, model: ScriptedModel, service: str
) -> None:
    model.script(Script(tokens=WORDS, delay_s=0.01))
    async with ChatClient(stack.websocket_url) as client:
        stack.fault("deny", service=service, status=503, code="ServiceUnavailable", times=2)
        accepted = await client.ask(QUESTION, fresh=True)
        transcript = await client.follow(accepted.answer_id)
    assert_whole(transcript)


def _bury(stack: LocalStack, answer_id: str) -> None:
    """Put a question where the queue's redrive policy puts it after its last try."""
    port = json.loads((stack.state_directory / "ports.json").read_text())["services"]
    sqs = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    [url] = [u for u in sqs.list_queues()["QueueUrls"] if "-DeadLetterQueue" in u]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"v": 1, "answer_id": answer_id}))


async def _idle(stack: LocalStack, number: int) -> None:
    """Wait until a worker has given up what it was doing."""
    for _ in range(400):
        workers = stack.state()["functions"]["InferenceFunction"]
        if not any(w["number"] == number and w["state"] == "busy" for w in workers):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"worker {number} is still busy")
