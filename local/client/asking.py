"""One question asked aloud: the answer printed as it streams, its sources, its receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from copilot.transcript import Transcript
from copilot.wire import Receipt, Source
from local.client.chat_client import ChatClient, ChatError

QUESTION = (
    "What does the utility pay each month for keeping the Millbrook battery available, per kW?"
)
"""One that the sample documents answer."""


class NoAnswer(ChatError):
    """No complete answer came; the message says why."""


async def ask_aloud(
    client: ChatClient, question: str, out: TextIO, *, timeout_s: float = 120.0, **fields: Any
) -> Transcript:
    """Ask, print the answer as it streams, and return it complete.

    ``fields`` are those of ``copilot.wire.Ask``.

    Raises:
        NoAnswer: it ended otherwise than well.
        ChatError: the question was refused, or no end came within ``timeout_s`` seconds.
    """
    print(f"\nQuestion: {question}\n", file=out, flush=True)
    accepted = await client.ask(question, **fields)
    printer = _Printer(out)
    transcript = await client.follow(
        accepted.answer_id, on_event=printer.catch_up, timeout_s=timeout_s
    )
    printer.catch_up(None, transcript)
    end = transcript.end
    if end is None or end.state != "done":
        reason = "the stream broke off" if end is None else f"it ended as {end.state}: {end.error}"
        raise NoAnswer(f"No complete answer came: {reason}")
    print("\n\nSources", file=out)
    for source in transcript.sources:
        print(_source_line(source), file=out)
    if end.receipt is not None:
        print("\n" + _receipt_line(end.receipt), file=out)
    out.flush()
    return transcript


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
