"""Citation markers of an answer, verified while it streams. Pure.

A marker is ``[n]``, ``[n, m]`` or ``[n-m]`` where ``n`` numbers a source of the prompt. Markers of
known sources leave as ``[n]``; unknown ones never leave. What may still become a marker is held
back, so that the pieces sent always join to what filtering the whole text at once would give.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from copilot.wire import Citation
from inference.ports import Passage
from inference.text.sentences import content_words, split

_BLANKS = " \t"
_INSIDE = re.compile(r"[0-9 \t,;\u2013-]*")
_MARKER = re.compile(r"\s*\d+(?:\s*[,;\u2013-]\s*\d+)*\s*")
_ITEM = re.compile(r"(\d+)(?:\s*[\u2013-]\s*(\d+))?")
_MAX_DIGITS = 4
_MAX_RANGE = 20
_FIGURE = 2.0
"""What one figure in common is worth, in logarithms of rarity."""
_LONGEST_CLAIM = 2_000
"""How far back a claim is looked for: with the whole text, long answers would cost its square."""


class Mark(Struct, frozen=True):
    """A marker that left: the source's number and the character offset of its ``[``."""

    number: int
    at: int


class MarkerFilter:
    """Filters one answer. ``sources`` is how many sources the prompt numbered, from 1."""

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._held = ""
        self._sent = 0
        self.marks: list[Mark] = []
        self.dropped = 0

    def feed(self, text: str) -> str:
        """Take a piece of the model's text; return what may leave now (perhaps nothing)."""
        self._held += text
        out: list[str] = []
        while self._step(out):
            pass
        return "".join(out)

    def finish(self) -> str:
        """Return what was held back; it did not become a marker."""
        rest, self._held = self._held, ""
        self._sent += len(rest)
        return rest

    def _step(self, out: list[str]) -> bool:
        """Move one bracket forward; ``False`` when everything left must wait for more text."""
        held = self._held
        bracket = held.find("[")
        if bracket < 0:
            self._emit(out, len(held.rstrip(_BLANKS)))
            return False
        close = _INSIDE.match(held, bracket + 1).end()  # type: ignore[union-attr]
        start = len(held[:bracket].rstrip(_BLANKS))
        if close == len(held):
            self._emit(out, start)
            return False
        inside = held[bracket + 1 : close]
        if held[close] != "]" or not _MARKER.fullmatch(inside):
            self._emit(out, bracket + 1)
            return True
        self._emit(out, start)
        self._replace(out, held[start:bracket], inside)
        self._held = self._held[close + 1 - start :]
        return True

    def _emit(self, out: list[str], length: int) -> None:
        out.append(self._held[:length])
        self._held = self._held[length:]
        self._sent += length

    def _replace(self, out: list[str], blanks: str, inside: str) -> None:
        known, unknown = self._resolve(inside)
        self.dropped += unknown
        if not known:
            return
        out.append(blanks)
        self._sent += len(blanks)
        for number in known:
            marker = f"[{number}]"
            self.marks.append(Mark(number, self._sent))
            out.append(marker)
            self._sent += len(marker)

    def _resolve(self, inside: str) -> tuple[list[int], int]:
        known: list[int] = []
        unknown = 0
        for first, last in _ITEM.findall(inside):
            if max(len(first), len(last)) > _MAX_DIGITS:
                unknown += 1
                continue
            low, high = int(first), int(last or first)
            numbers = range(low, high + 1) if high - low < _MAX_RANGE else (low, high)
            for number in numbers:
                if not 1 <= number <= self._sources:
                    unknown += 1
                elif number not in known:
                    known.append(number)
        return known, unknown


def filter_whole(text: str, sources: int) -> str:
    """Filter a complete text at once."""
    markers = MarkerFilter(sources)
    return markers.feed(text) + markers.finish()


def resolve(text: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> Iterator[Citation]:
    """Resolve every marker, in order, to the sentence of its passage that says most of the claim.

    The claim is the answer's sentence before the marker. Where no sentence of the passage shares a
    word with it, the citation spans the whole passage.
    """
    read = {number: _read(passages[number - 1].text) for number in {mark.number for mark in marks}}
    for mark in marks:
        passage = passages[mark.number - 1]
        whole = (0, len(passage.text))
        start, end = _supporting_span(_claim(text, mark.at), read[mark.number]) or whole
        yield Citation(
            source_id=str(mark.number),
            document=passage.document,
            chunk_id=passage.chunk_id,
            at=mark.at,
            quote=passage.text[start:end],
            start=passage.start + start,
            end=min(passage.start + end, passage.end),
            page=passage.page,
            section=passage.section,
        )


def _claim(text: str, at: int) -> str:
    """The sentence that a marker at offset ``at`` closes, without its markers."""
    near = text[max(0, at - _LONGEST_CLAIM) : at]
    sentences = split(re.sub(r"\[\d+\]", lambda match: " " * len(match[0]), near))
    return sentences[-1].text if sentences else ""


class _Read(Struct, frozen=True):
    """A sentence of a passage as claims are compared with it."""

    start: int
    end: int
    words: frozenset[str]
    figures: frozenset[tuple[object, ...]]


def _read(passage: str) -> list[_Read]:
    return [
        _Read(item.start, item.end, frozenset(content_words(item.text)), _figures(item.text))
        for item in split(passage)
    ]


def _figures(text: str) -> frozenset[tuple[object, ...]]:
    from inference.text.figures import figures_of

    return frozenset((figure.dimension, figure.value, figure.date) for figure in figures_of(text))


def _supporting_span(claim: str, sentences: Sequence[_Read]) -> tuple[int, int] | None:
    wanted = set(content_words(claim))
    frequency = Counter(word for sentence in sentences for word in sentence.words)
    claimed = _figures(claim)
    best, best_score = None, 0.0
    for sentence in sentences:
        shared = wanted & sentence.words
        if not shared:
            continue
        # What few sentences of the passage say tells them apart, and most of all the figures; of
        # two sentences that share as much, the shorter is the better quote.
        score = sum(math.log(1 + len(sentences) / frequency[word]) for word in shared)
        score += _FIGURE * len(claimed & sentence.figures) - 0.01 * len(sentence.words)
        if score > best_score:
            best, best_score = (sentence.start, sentence.end), score
    return best
