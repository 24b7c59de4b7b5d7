"""A new index is published, and gone back from, while questions are being asked."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from copilot.transcript import Transcript
from local.client.chat_client import ChatClient
from local.options import ROOT
from tests.e2e.local_stack import LocalStack

OLD = "What is the availability guarantee of the Harrow Ridge service agreement?"
NEW = "What does the Quillmark pumping station pay for water?"
DOCUMENT = "# Quillmark station\n\nThe Quillmark pumping station pays 17 dollars for water.\n"


def embed(*arguments: str, stack: LocalStack) -> str:
    """Run ``python -m embed`` against the stack's bucket."""
    done = subprocess.run(
        [sys.executable, "-m", "embed", *arguments],
        cwd=ROOT,
        env={**stack.services, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def answer(stack: LocalStack, question: str) -> Transcript:
    async with ChatClient(stack.websocket_url) as client:
        return await client.follow((await client.ask(question, fresh=True)).answer_id)


def documents(stack: LocalStack, query: str) -> Any:
    request = urllib.request.Request(
        f"{stack.url}/api/documents?q={query}", headers={"x-client-id": "reader"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


async def until_shown(stack: LocalStack, query: str, *, there: bool) -> None:
    for _ in range(100):
        if bool((await asyncio.to_thread(documents, stack, query))["items"]) == there:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"the documents did not change: {query}")


async def test_a_new_version_is_answered_from_without_a_failed_turn(
    make_stack: Callable[..., LocalStack], tmp_path: Path
) -> None:
    stack = make_stack(parameters={"QuestionsPerMinute": "100000"})
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "quillmark.md").write_text(DOCUMENT)
    index, in_bucket = str(tmp_path / "index"), ("--bucket", stack.bucket("IndexBucket"))
    # What the functions were shipped with, published as the first version.
    embed("publish", "faiss_index", *in_bucket, stack=stack)
    embed("build", "corpus/documents", str(extra), "--out", index, stack=stack)
    assert (await answer(stack, NEW)).text.startswith("The documents do not say")

    seen: list[Transcript] = []
    stop = asyncio.Event()

    async def keep_asking() -> None:
        while not stop.is_set():
            seen.append(await answer(stack, OLD))
        seen.extend([await answer(stack, OLD) for _ in range(2)])

    askers = [asyncio.create_task(keep_asking()) for _ in range(3)]
    said = await asyncio.to_thread(embed, "publish", index, *in_bucket, stack=stack)
    assert "is current, before it was" in said
    await until_shown(stack, "quillmark", there=True)
    stop.set()
    await asyncio.gather(*askers)
    assert {transcript.state for transcript in seen} == {"done"}
    assert all("97" in transcript.text for transcript in seen)

    fresh = await answer(stack, NEW)
    assert "17 dollars" in fresh.text
    assert fresh.end is not None
    assert "extra/quillmark.md" in {c.document for c in fresh.end.citations}

    versions = json.loads((ROOT / "faiss_index" / "manifest.json").read_text())
    embed("rollback", versions["corpus_version"], *in_bucket, stack=stack)
    await until_shown(stack, "quillmark", there=False)
    assert (await answer(stack, NEW)).text.startswith("The documents do not say")
    logs = (stack.state_directory / "logs" / "InferenceFunction.log").read_text()
    assert "index unusable" not in logs
    assert "question failed" not in logs
