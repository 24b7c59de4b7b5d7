"""The whole stack with a KMS key: answers stream and resume, and no word lies in the table."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from copilot.table import Table
from copilot.transcript import Transcript
from local.client.chat_client import ChatClient
from local.declared.sam import REGION
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel
from tests.integration.sealed_table import stored_bytes

QUESTION = "What is the availability guarantee of the Harrow Ridge service agreement?"
WORDS = ["The ", "guarantee ", "is ", "ninety-seven ", "percent ", "[1]."]


def service(stack: LocalStack, name: Any) -> Any:
    """An AWS client that reaches a stack's services."""
    environment = stack.services
    return boto3.client(
        name,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def stored(stack: LocalStack) -> bytes:
    """Everything in the stack's table."""
    dynamodb = service(stack, "dynamodb")
    (name,) = dynamodb.list_tables()["TableNames"]
    return stored_bytes(Table(dynamodb, name))


def conversation(stack: LocalStack, conversation_id: str) -> Any:
    """A conversation as the HTTP API gives it."""
    request = urllib.request.Request(
        f"{stack.url}/api/conversations/{conversation_id}", headers={"x-client-id": "ann"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def ask(stack: LocalStack) -> tuple[str, str, str]:
    """Ask, follow the answer, then read it again as a second tab does: both texts must be one."""
    async with ChatClient(stack.websocket_url, client_id="ann") as client:
        asked = await client.ask(QUESTION, fresh=True)
        answer = await client.follow(asked.answer_id)
    async with ChatClient(stack.websocket_url, client_id="ann") as tab:
        again = Transcript(asked.answer_id)
        await tab.resume(again)
        await tab.follow(asked.answer_id, transcript=again)
    assert answer.end is not None
    assert again.end == answer.end
    assert again.sources == answer.sources
    assert again.text == answer.text
    return asked.conversation_id, answer.text, answer.sources[0].snippet


async def test_with_a_key_people_read_everything_and_the_table_says_nothing(
    tmp_path: Path, model_server: ScriptedModel
) -> None:
    model_server.script(Script(tokens=WORDS))
    shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model_server.base_url}
    state = tmp_path / "sealed"
    with LocalStack(state, shell=shell) as stack:
        conversation_id, said, snippet = await ask(stack)
        plain = stored(stack)
        assert QUESTION.encode() in plain
        assert said.encode() in plain
        key = service(stack, "kms").create_key()["KeyMetadata"]["Arn"]
    with LocalStack(state, shell=shell, parameters={"ConversationKeyArn": key}) as stack:
        before = stored(stack)
        new_id, again, _ = await ask(stack)
        assert again == said
        for known in (conversation_id, new_id):
            (turn,) = conversation(stack, known)["turns"]
            assert (turn["question"], turn["text"]) == (QUESTION, said)
        after = stored(stack)
        for text in (QUESTION, said, snippet[:40], "guarantee "):
            assert after.count(text.encode()) == before.count(text.encode()), text
        assert stack.state()["refused"] == []
