"""A document is uploaded, asked about, cited, replaced by one that cannot be read, and removed."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from copilot.transcript import Transcript
from local.client.chat_client import ChatClient
from local.services.documents import remove, upload
from tests.e2e.local_stack import LocalStack

QUESTION = "What does the Quillmark pumping station pay for water?"
DOCUMENT = "# Quillmark station\n\nThe Quillmark pumping station pays 17 dollars for water.\n"


async def answer(stack: LocalStack) -> Transcript:
    async with ChatClient(stack.websocket_url) as client:
        return await client.follow((await client.ask(QUESTION)).answer_id)


def listed(stack: LocalStack, query: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{stack.url}/api/documents?q={query}", headers={"x-client-id": "reader"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        found: list[dict[str, Any]] = json.load(response)["items"]
        return found


async def until(stack: LocalStack, query: str, status: str, *, chunks: bool) -> dict[str, Any]:
    """Wait until the only document that matches has come so far."""
    found: list[dict[str, Any]] = []
    for _ in range(150):
        found = await asyncio.to_thread(listed, stack, query)
        if [(d["status"], d["chunks"] > 0) for d in found] == [(status, chunks)]:
            return found[0]
        await asyncio.sleep(0.3)
    raise AssertionError(f"{query} is not {status}: {found}")


async def test_an_uploaded_document_is_answered_from_until_it_is_removed(
    make_stack: Callable[..., LocalStack], tmp_path: Path
) -> None:
    stack = make_stack(parameters={"QuestionsPerMinute": "100000"})
    state = stack.state_directory
    file = tmp_path / "quillmark.md"
    file.write_text(DOCUMENT)
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4 no text at all")
    secret = tmp_path / "secret-station.md"
    secret.write_text("---\ngroups: [public]\n---\n" + DOCUMENT)
    assert (await answer(stack)).text.startswith("The documents do not say")

    assert upload(state, [file, scan], "") == ["quillmark.md", "scan.pdf"]
    assert upload(state, [secret], "board") == ["board/secret-station.md"]
    document = await until(stack, "quillmark", "indexed", chunks=True)
    assert document["document"] == "uploads/quillmark.md"
    assert document["groups"] == ["public"]
    unreadable = await until(stack, "scan.pdf", "failed", chunks=False)
    assert unreadable["reason"]
    assert await asyncio.to_thread(listed, stack, "secret") == [], "its folder says who may read it"

    told = await answer(stack)
    assert "17 dollars" in told.text, "an earlier answer is not served for another index"
    assert told.end is not None
    assert "uploads/quillmark.md" in {citation.document for citation in told.end.citations}
    assert not any("secret" in source.document for source in told.sources)

    remove(state, ["quillmark.md"])
    await until(stack, "quillmark", "removed", chunks=False)
    assert (await answer(stack)).text.startswith("The documents do not say")
