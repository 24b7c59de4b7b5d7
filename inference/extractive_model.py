"""Answers without a language model: the best sentences of the passages, quoted and cited."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from inference.ports import ChatMessage, Finished, Passage, Prompt, TextDelta
from inference.sentences import (
    Sentence,
    content_words,
    is_table_row,
    split,
    without_bars,
    words,
)

LEAD = "From the documents (no language model is configured):"
_LEAST, _MOST = 2, 4
_MIN_WORDS = 4
_MAX_QUOTE_CHARS = 600
_FALL = 0.55
"""A further sentence must score this share of the best one's."""

_SAME = 0.7
"""Two sentences that share this part of the shorter one's words repeat each other."""

_ASKS_FIGURE = re.compile(
    r"\b(?:how (?:much|many|long|often|far|high|large)|when|what (?:year|date|price|rate|fee|share|"
    r"percentage|capacity|amount|term|penalty)|which year)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d")


class _Candidate(Struct, frozen=True):
    source: int
    sentence: Sentence
    words: frozenset[str]
    score: float


class ExtractiveModel:
    """Implements ``ports.ChatModel`` without any model."""

    name = "extractive"

    async def stream(self, prompt: Prompt) -> AsyncIterator[TextDelta | Finished]:
        """Stream the quotations word by word."""
        for piece in re.findall(r"\s*\S+\s*$|\s*\S+", answer(prompt.question, prompt.passages)):
            yield TextDelta(text=piece)
        yield Finished(finish_reason="stop")

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return ``None``: it cannot write."""
        return None


def answer(question: str, passages: Sequence[Passage]) -> str:
    """Compose the answer: a lead line, then two to four quotations with their markers."""
    chosen = _choose(_rank(question, passages))
    lines = [f"- “{_quotable(item.sentence.text)}” [{item.source}]" for item in chosen]
    return "\n".join([LEAD, "", *lines])


def _rank(question: str, passages: Sequence[Passage]) -> list[_Candidate]:
    """Score every sentence: rare words shared with the question, its passage, a wanted figure."""
    rows = [
        (number, passage, sentence, frozenset(content_words(sentence.text)))
        for number, passage in enumerate(passages, 1)
        for sentence in split(passage.text)
    ]
    frequency = Counter(word for *_, have in rows for word in have)
    wanted = set(content_words(question))
    weight = {word: math.log(1 + len(rows) / (1 + frequency[word])) for word in wanted}
    whole = sum(weight.values()) or 1.0
    asks_figure = bool(_ASKS_FIGURE.search(question))
    ranked = []
    for number, passage, sentence, have in rows:
        context = set(content_words(f"{passage.title} {passage.section or ''}"))
        direct = sum(weight[word] for word in wanted & have) / whole
        near = sum(weight[word] for word in (wanted - have) & context) / whole
        score = direct + 0.3 * near + 0.25 * passage.score + 0.3 * max(passage.dense or 0.0, 0.0)
        score += 0.15 * (asks_figure and bool(_FIGURE.search(sentence.text)))
        # Headings and crumbs of tables match well and say little.
        score -= 1.0 * (len(words(sentence.text)) < _MIN_WORDS or _is_table_head(sentence.text))
        ranked.append(_Candidate(number, sentence, have, score))
    return sorted(ranked, key=lambda item: -item.score)


def _choose(ranked: Sequence[_Candidate]) -> list[_Candidate]:
    """The best sentences that do not repeat each other, in the order of their passages."""
    chosen: list[_Candidate] = []
    for item in ranked:
        if len(chosen) == _MOST:
            break
        if len(chosen) >= _LEAST and item.score < _FALL * ranked[0].score:
            break
        if not any(_repeats(item.words, other.words) for other in chosen):
            chosen.append(item)
    return sorted(chosen, key=lambda item: (item.source, item.sentence.start))


def _is_table_head(text: str) -> bool:
    """Whether a table row names its columns instead of giving a figure."""
    return is_table_row(text) and not _FIGURE.search(text)


def _repeats(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences say the same; other figures say something else."""
    if any(word[0].isdigit() for word in one ^ other):
        return False
    return len(one & other) >= _SAME * (min(len(one), len(other)) or 1)


def _quotable(text: str) -> str:
    """A sentence on one line, without the list or table marks around it."""
    line = without_bars(text) if is_table_row(text) else " ".join(text.split())
    line = re.sub(r"^(?:[-*+>#]+\s+)+", "", line).replace("**", "")
    # A bracketed number in the document would read as one of our markers.
    line = re.sub(r"\[(\d[\d\s,;–-]*)\]", r"(\1)", line)
    if len(line) > _MAX_QUOTE_CHARS:
        line = line[:_MAX_QUOTE_CHARS].rsplit(" ", 1)[0] + " …"
    return line
