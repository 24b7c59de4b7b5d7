"""Something around the stack is missing or wrong: nothing hangs, and it says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from copilot.transcript import Transcript
from local.client.chat_client import ChatClient
from local.options import ROOT
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
MakeStack = Callable[..., LocalStack]


async def answer_of(stack: LocalStack, question: str = QUESTION) -> Transcript:
    async with ChatClient(stack.websocket_url) as client:
        accepted = await client.ask(question)
        return await client.follow(accepted.answer_id, timeout_s=60)


def error_of(transcript: Transcript) -> tuple[str, str]:
    assert transcript.end is not None
    assert transcript.end.error is not None
    return transcript.end.error.code, transcript.end.error.message


async def test_without_a_key_the_documents_are_quoted_and_it_says_so(
    make_stack: MakeStack,
) -> None:
    transcript = await answer_of(make_stack())
    assert transcript.state == "done"
    assert "no language model is configured" in transcript.text
    assert "[1]" in transcript.text or "[2]" in transcript.text
    assert transcript.end is not None
    assert transcript.end.receipt is not None
    assert transcript.end.receipt.model == "extractive"
    for citation in transcript.end.citations:
        source = next(s for s in transcript.sources if s.id == citation.source_id)
        assert citation.document == source.document


async def test_without_an_index_the_answer_says_what_to_run(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    stack = make_stack(arguments=["--index", str(tmp_path / "nothing")])
    code, message = error_of(await answer_of(stack))
    assert code == "index_unusable"
    assert "python -m embed build" in message


async def test_an_index_of_another_model_is_refused_in_words(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    bundle = tmp_path / "foreign"
    shutil.copytree(ROOT / "faiss_index", bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["model_id"] = "another-model@0000"
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    code, message = error_of(await answer_of(make_stack(arguments=["--index", str(bundle)])))
    assert code == "index_unusable"
    assert "another-model" in message
    assert "embed build" in message


async def test_an_unreachable_qdrant_is_passed_by_and_the_receipt_says_so(
    make_stack: MakeStack, model: ScriptedModel
) -> None:
    model.script(Script(tokens=["It is fixed [1]."]))
    stack = make_stack(
        shell={
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": model.base_url,
            "QDRANT_URL": "http://127.0.0.1:9",
        }
    )
    transcript = await answer_of(stack)
    assert transcript.text == "It is fixed [1]."
    assert transcript.end is not None
    assert transcript.end.receipt is not None
    cache = transcript.end.receipt.cache
    assert cache.decision == "bypass"
    assert "127.0.0.1:9" in cache.reason


async def test_a_question_that_the_documents_do_not_answer_is_told_so(
    make_stack: MakeStack,
) -> None:
    transcript = await answer_of(make_stack(), "Who won the football world cup in 1998?")
    assert transcript.end is not None
    assert (transcript.state, transcript.end.finish_reason) == ("done", "abstained")
    assert "documents do not" in transcript.text.lower()
