"""One question through the whole stack, as a person would ask it, printed as it streams."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from copilot.transcript import Transcript
from copilot.wire import Receipt, Source
from local.chat_client import ChatClient
from local.options import Options
from local.stack import StackFailed, running

QUESTION = (
    "What does the utility pay each month for keeping the Millbrook battery available, per kW?"
)


async def smoke(
    options: Options, shell: Mapping[str, str], question: str, timeout_s: float, out: TextIO
) -> None:
    """Start a stack on free ports with state of its own, ask, print, stop.

    Raises:
        StackFailed: no complete answer came; the message says why.
        TimeoutError: the whole took longer than ``timeout_s`` seconds.
    """

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    async with (
        asyncio.timeout(timeout_s),
        running(options, shell, say) as stack,
        ChatClient(stack.websocket_url) as client,
    ):
        say(f"\nQuestion: {question}\n")
        accepted = await client.ask(question)
        printer = _Printer(out)
        transcript = await client.follow(accepted.answer_id, on_event=printer.catch_up)
        printer.catch_up(None, transcript)
    end = transcript.end
    if end is None or end.state != "done":
        reason = "the stream broke off" if end is None else f"it ended as {end.state}: {end.error}"
        raise StackFailed(f"No complete answer came: {reason}")
    say("\n\nSources")
    for source in transcript.sources:
        say(_source_line(source))
    if end.receipt is not None:
        say("\n" + _receipt_line(end.receipt))


def temporary_state() -> tempfile.TemporaryDirectory[str]:
    """A state directory that is gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="energycopilot-", ignore_cleanup_errors=True)


class _Printer:
    """Prints what is new of an answer; a higher epoch begins anew."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._printed = ""

    def catch_up(self, event: object, transcript: Transcript) -> None:
        """Print the text that ``transcript`` has gained."""
        text = transcript.text
        if not text.startswith(self._printed):
            self._out.write("\n[begun again by another worker]\n")
            self._printed = ""
        self._out.write(text[len(self._printed) :])
        self._out.flush()
        self._printed = text


def _source_line(source: Source) -> str:
    place = [source.document]
    if source.page is not None:
        place.append(f"page {source.page}")
    if source.section:
        place.append(source.section)
    return f"  [{source.id}] {source.title} ({', '.join(place)})"


def _receipt_line(receipt: Receipt) -> str:
    parts = [
        f"model {receipt.model}",
        f"cache {receipt.cache.decision}",
        f"corpus {Path(receipt.corpus_version).name[:12]}",
        f"{receipt.sources} sources",
        f"{receipt.posts} posts",
    ]
    if receipt.first_token_ms is not None:
        parts.append(f"first token {receipt.first_token_ms:.0f} ms")
    if receipt.total_ms is not None:
        parts.append(f"total {receipt.total_ms:.0f} ms")
    return "Receipt: " + ", ".join(parts)
