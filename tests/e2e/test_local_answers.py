"""Whole answers over real sockets, whatever breaks: the cases a person meets first."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from copilot.transcript import Transcript
from copilot.wire import AnyServerEvent, Cancel, Delta, End, Error, encode_client
from local.client.chat_client import ChatClient
from tests.e2e.conftest import PATIENT
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

QUESTION = "How long is the notice period of the Harrow Ridge power purchase agreement?"
WORDS = tuple(f"word{number} " for number in range(120))


def slow(words: tuple[str, ...] = WORDS) -> Script:
    """An answer of a few seconds."""
    return Script(tokens=words, delay_s=0.02)


async def asked(client: ChatClient) -> Transcript:
    accepted = await client.ask(QUESTION, fresh=True)
    return Transcript(accepted.answer_id)


async def until_streaming(client: ChatClient, transcript: Transcript) -> None:
    """Receive until some text has arrived."""
    while not transcript.text:
        event = await client.receive(10)
        if getattr(event, "answer_id", None) == transcript.answer_id and hasattr(event, "epoch"):
            transcript.apply(event)  # type: ignore[arg-type]


def assert_whole(transcript: Transcript, text: str) -> None:
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    assert transcript.text == text
    assert transcript.end.sha256 == hashlib.sha256(text.encode()).hexdigest()


async def test_an_answer_streams_with_its_sources(stack: LocalStack, model: ScriptedModel) -> None:
    model.script(slow(("The notice ", "period is ", "ninety days.")))
    deltas: list[str] = []

    def note(event: AnyServerEvent, transcript: Transcript) -> None:
        if isinstance(event, Delta):
            deltas.append(event.text)

    async with ChatClient(stack.websocket_url) as client:
        accepted = await client.ask(QUESTION, fresh=True)
        transcript = await client.follow(accepted.answer_id, on_event=note)
    assert_whole(transcript, "The notice period is ninety days.")
    assert "".join(deltas) == transcript.text
    assert transcript.sources
    assert model.served[-1].authorization == "Bearer scripted"


async def test_a_cut_socket_resumes_to_the_same_answer(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(slow())
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        await until_streaming(client, transcript)
        client.cut()
        await client.follow(transcript.answer_id, transcript=transcript)
    assert_whole(transcript, "".join(WORDS))
    assert client.resumes >= 1
    assert len(model.served) == 1


async def test_sockets_reset_by_the_server_resume_too(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(slow())
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        await until_streaming(client, transcript)
        assert stack.reset_connections() >= 1
        await client.follow(transcript.answer_id, transcript=transcript)
    assert_whole(transcript, "".join(WORDS))


async def test_a_killed_worker_is_replaced_and_the_answer_is_whole(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(slow(), slow())
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        await until_streaming(client, transcript)
        assert stack.signal_workers("InferenceFunction", "kill")
        await client.follow(transcript.answer_id, transcript=transcript, timeout_s=60)
    assert_whole(transcript, "".join(WORDS))
    assert transcript.epoch == 2


async def test_the_same_message_five_times_is_one_answer(
    stack: LocalStack, model: ScriptedModel
) -> None:
    name = uuid.uuid4().hex
    async with ChatClient(stack.websocket_url) as client:
        accepted = [await client.ask(QUESTION, fresh=True, client_msg_id=name) for _ in range(5)]
        transcript = await client.follow(accepted[0].answer_id)
    assert {a.answer_id for a in accepted} == {transcript.answer_id}
    assert transcript.end is not None
    assert transcript.end.state == "done"
    assert len(model.served) == 1


async def test_a_cancelled_answer_ends_with_what_was_streamed(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(slow(WORDS * 10))
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        await until_streaming(client, transcript)
        await client.send(encode_client(Cancel(answer_id=transcript.answer_id)))
        await client.follow(transcript.answer_id, transcript=transcript)
    assert transcript.end is not None
    assert transcript.end.state == "cancelled"
    assert 0 < len(transcript.text) < len("".join(WORDS * 10))


FAULTS: dict[str, dict[str, Any]] = {
    "a lost delta": {"kind": "drop", "contains": '"type":"delta"', "times": 2},
    "a lost end": {"kind": "drop", "contains": '"type":"end"'},
    "doubled deltas": {"kind": "duplicate", "contains": '"type":"delta"', "times": 3},
    "deltas out of order": {"kind": "hold", "contains": '"type":"delta"', "times": 2},
    "a slow network": {"kind": "delay", "ms": 50, "times": 10},
}


@pytest.mark.parametrize("case", FAULTS)
async def test_frames_lost_doubled_late_or_out_of_order_do_no_harm(
    stack: LocalStack, model: ScriptedModel, case: str
) -> None:
    model.script(slow())
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        stack.fault(**FAULTS[case])
        await client.follow(transcript.answer_id, transcript=transcript)
    assert_whole(transcript, "".join(WORDS))


async def test_posts_refused_with_429_slow_an_answer_down_but_lose_nothing(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(slow())
    async with ChatClient(stack.websocket_url) as client:
        transcript = await asked(client)
        stack.fault("refuse", status=429, times=3)
        await client.follow(transcript.answer_id, transcript=transcript)
    assert_whole(transcript, "".join(WORDS))


BAD_FRAMES: dict[str, tuple[str | bytes, str]] = {
    "33 KB": (json.dumps({"action": "message", "text": "x" * 33_000}), "frame_too_large"),
    "not JSON": ("{'no': json", "bad_json"),
    "binary": (b"\x00\x01", "binary_frame"),
    "unknown action": ('{"action":"dance"}', "unknown_action"),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
async def test_a_bad_frame_gets_a_typed_error_and_the_socket_lives_on(
    stack: LocalStack, case: str
) -> None:
    frame, code = BAD_FRAMES[case]
    async with ChatClient(stack.websocket_url) as client:
        if isinstance(frame, bytes):
            await client.send_binary(frame)
        else:
            await client.send(frame)
        event = await client.receive(10)
        assert isinstance(event, Error)
        assert event.code == code
        accepted = await client.ask(QUESTION, fresh=True)
        assert (await client.follow(accepted.answer_id)).end is not None


async def test_a_message_beyond_128_kb_closes_the_socket(stack: LocalStack) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(stack.websocket_url) as ws:
        await ws.send_str("x" * 129 * 1024)
        message = await ws.receive(10)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_an_idle_socket_is_closed_as_going_away(
    make_stack: Callable[..., LocalStack],
) -> None:
    stack = make_stack(arguments=["--idle-timeout", "0.5"])
    async with aiohttp.ClientSession() as session, session.ws_connect(stack.websocket_url) as ws:
        message = await ws.receive(10)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == aiohttp.WSCloseCode.GOING_AWAY


async def test_an_answer_survives_a_restart_of_everything(
    make_stack: Callable[..., LocalStack],
) -> None:
    stack = make_stack(parameters=PATIENT)
    async with ChatClient(stack.websocket_url) as client:
        accepted = await client.ask(QUESTION)
        before = await client.follow(accepted.answer_id)
        client_id = client.client_id
    assert await asyncio.to_thread(stack.stop) == 0
    await asyncio.to_thread(stack.start)
    async with ChatClient(stack.websocket_url, client_id=client_id) as client:
        after = Transcript(accepted.answer_id)
        await client.resume(after)
        await client.follow(accepted.answer_id, transcript=after)
        again = await client.ask(QUESTION)
        cached = await client.follow(again.answer_id)
    assert isinstance(after.end, End)
    assert after.text == before.text
    assert cached.end is not None
    assert cached.end.receipt is not None
    assert cached.end.receipt.cache.decision == "hit"
