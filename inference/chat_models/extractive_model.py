"""Answers without a language model: the best sentences of the passages, quoted and cited."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from inference.chat_models.sentence_ranking import Similarity, choose, rank
from inference.demand import Demand
from inference.ports import ChatMessage, Embedder, Finished, Passage, Prompt, TextDelta
from inference.text.sentences import is_table_row, without_bars

LEAD = "From the documents (no language model is configured):"
_MAX_QUOTE_CHARS = 600


class ExtractiveModel:
    """Implements ``ports.ChatModel`` without any language model."""

    name = "extractive"
    metered = False

    def __init__(self, embedder: Callable[[], Embedder] | None = None) -> None:
        """``embedder`` returns the one that compares sentences with the question by meaning;
        without it their words decide."""
        self._embedder = embedder

    async def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Stream the lead at once, then the quotations word by word."""
        for piece in _pieces(LEAD):
            yield piece
        similarity = self._similarity(prompt.question)
        text = await asyncio.to_thread(answer, prompt.question, prompt.passages, similarity)
        for piece in _pieces(text.removeprefix(LEAD)):
            yield piece
        yield Finished(finish_reason="stop")

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return ``None``: it cannot write."""
        return None

    def _similarity(self, question: str) -> Similarity | None:
        return None if self._embedder is None else by_meaning(question, self._embedder())


def by_meaning(question: str, embedder: Embedder) -> Similarity:
    """Compare sentences with ``question`` by the cosine of their vectors, in one batch."""

    def similarity(sentences: Sequence[str]) -> Sequence[float]:
        vectors = embedder.embed([question, *sentences])
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]

    return similarity


def answer(question: str, passages: Sequence[Passage], similarity: Similarity | None = None) -> str:
    """Compose the answer: a lead line, then two to five quotations with markers, best first."""
    chosen = choose(rank(question, passages, similarity))
    lines = [f"- “{_quotable(item.sentence.text)}” [{item.source}]" for item in chosen]
    return "\n".join([LEAD, "", *lines])


def _pieces(text: str) -> list[TextDelta]:
    return [TextDelta(text=piece) for piece in re.findall(r"\s*\S+\s*$|\s*\S+", text)]


def _quotable(text: str) -> str:
    """A sentence on one line, without the list or table marks around it."""
    line = without_bars(text) if is_table_row(text) else " ".join(text.split())
    line = re.sub(r"^(?:[-*+>#]+\s+)+", "", line).replace("**", "")
    # A bracketed number in the document would read as one of our markers.
    line = re.sub(r"\[(\d[\d\s,;–-]*)\]", r"(\1)", line)
    if len(line) > _MAX_QUOTE_CHARS:
        line = line[:_MAX_QUOTE_CHARS].rsplit(" ", 1)[0] + " …"
    return line
