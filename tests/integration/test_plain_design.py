"""The plain design that benchmarks compare with does its job: otherwise ratios mean nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.plain_environment import PYTHON, build, write_chunks
from benchmarks.scripted_aws import ScriptedAws
from benchmarks.started_function import started
from tests.e2e.openai_server import Script, ScriptedModel

EVENT = Path(__file__).parents[2] / "events" / "message-short.json"

pytestmark = pytest.mark.skipif(
    not PYTHON.is_file(), reason="the plain design is not installed; run: make .venv-plain/stamp"
)


def test_a_question_is_queued_answered_token_by_token_and_cached(tmp_path: Path) -> None:
    passages = [
        ("Water", "The reservoir holds nine million cubic metres of water."),
        ("Tariffs", "The RS-1 customer charge is 11.50 USD per month in 2025."),
    ]
    write_chunks(tmp_path / "chunks.jsonl", passages)
    assert build(tmp_path / "chunks.jsonl", tmp_path)["chunks"] == 2
    question = "What is the RS-1 customer charge?"
    with (
        ScriptedAws() as aws,
        ScriptedModel(Script(tokens=["It is ", "11.50 ", "USD."])) as model,
    ):
        shell = {
            **aws.environment,
            "INDEX_DIR": str(tmp_path),
            "OPENAI_API_KEY": "scripted",
            "OPENAI_BASE_URL": model.base_url,
        }
        with started(PYTHON, "benchmarks.plain.websocket_app.handler", shell):
            event = json.loads(EVENT.read_text())
            event["body"] = json.dumps({"action": "message", "data": question})
            aws.invoke(event)
            assert aws.result() == {"statusCode": 200}
        with started(PYTHON, "benchmarks.plain.inference_app.handler", shell):
            record = {"messageId": "m", "body": aws.sent[0]}
            for _ in range(2):
                aws.invoke({"Records": [record]})
                assert aws.result() is None
    frames = [json.loads(data) for _, data in aws.posts]
    assert [frame.get("text") for frame in frames] == [
        *("It is ", "11.50 ", "USD.", None),
        *("It is 11.50 USD.", None),
    ]
    assert len(model.served) == 1
    assert "RS-1 customer charge is 11.50" in json.dumps(model.served[0].body)
