"""What real worker processes leave in their logs: figures that CloudWatch reads, and one trace."""

from __future__ import annotations

import asyncio
from typing import Any

from local.client.chat_client import ChatClient
from tests import emf
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

PATIENCE_S = 20.0


async def line_about(stack: LocalStack, function: str, answer_id: str) -> dict[str, Any]:
    """The line of figures in a function's log that is about an answer, once it is there."""
    log = stack.state_directory / "logs" / f"{function}.log"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for line in emf.metrics_of(log.read_text()):
                if line.get("answer_id") == answer_id:
                    return line
            await asyncio.sleep(0.1)


async def test_an_answer_is_measured_and_keeps_its_trace_through_the_queue(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(Script(tokens=["The price ", "is fixed ", "[1]."], delay_s=0.05))
    async with ChatClient(stack.websocket_url) as client:
        accepted = await client.ask("What is the price at Harrow Ridge?", fresh=True)
        await client.follow(accepted.answer_id)
    asked = await line_about(stack, "WebSocketFunction", accepted.answer_id)
    answered = await line_about(stack, "InferenceFunction", accepted.answer_id)
    assert emf.values_of(asked) == {"Questions": 1}
    assert answered["asked_in_trace"] == asked["xray_trace_id"]
    assert answered["xray_trace_id"] != asked["xray_trace_id"]
    values = emf.values_of(answered)
    assert (values["Answers"], values["AnswerErrors"], values["ModelErrors"]) == (1, 0, 0)
    assert values["Posts"] == len(values["PushTime"]) > 0
    assert 0 < values["FirstTokenTime"] <= values["AnswerTime"]
    assert answered["Stack"] == asked["Stack"] != ""
