"""Whether the cited passages say what an answer says: sentences and figures, checked. Pure.

A figure is confirmed by an equal one in a cited passage after units are folded (1,000 MW is 1 GW).
A passage that gives a number without its unit, as tables do, confirms it in any unit of that kind
which the passage names. Rounded, converted or computed figures are not in the documents: flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from copilot.wire import Flag
from inference.grounding.citations import Mark
from inference.ports import Passage
from inference.text.figures import Figure, figures_of, units_named
from inference.text.sentences import Sentence, content_words, split
from inference.text.units import Unit

SUPPORTED = 0.3
"""Share of a sentence's content words that its cited passages must hold, title and section
included (``python -m benchmarks.bench_grounding`` has the error rates around it)."""

_MARKER = re.compile(r"\[\d+\]")


class Evidence(Struct, frozen=True):
    """What some passages hold: words, figures and the units they name."""

    words: frozenset[str]
    figures: list[Figure]
    units: set[Unit]


def flags_of(text: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> list[Flag]:
    """Return what the cited passages do not confirm, in the order of the text.

    ``marks`` are the markers of ``text``; mark ``n`` cites ``passages[n - 1]``. A sentence without
    a marker claims no support and only its figures are checked.
    """
    plain = _MARKER.sub(lambda match: " " * len(match[0]), text)
    cited = {mark.number for mark in marks}
    each = {number: evidence_of([passages[number - 1]]) for number in cited}
    everything = _joined(each.values())
    found = [
        _flag("figure", text, figure.start, figure.end)
        for figure in _distinct(figures_of(plain))
        if not any(is_confirmed(reading, everything) for reading in figure.readings)
    ]
    for sentence, numbers in _cited_sentences(plain, marks):
        held = _joined(each[number] for number in numbers)
        if not is_supported(sentence.text, held):
            found.append(_flag("unsupported", text, sentence.start, sentence.end))
    return sorted(found, key=lambda flag: (flag.start, flag.end, flag.kind))


def evidence_of(passages: Iterable[Passage]) -> Evidence:
    """What ``passages`` hold, with their titles, sections and page numbers."""
    said = "\n".join(
        f"{p.title}\n{p.section or ''}\n{p.page or ''}\n{p.document}\n{p.text}" for p in passages
    )
    return Evidence(
        frozenset(content_words(said)), figures_of(said, spelled=True), units_named(said)
    )


def is_supported(claim: str, held: Evidence) -> bool:
    """Whether ``held`` says most of the claim's words, and all of its figures."""
    figures = _distinct(figures_of(claim))
    rest = claim
    for figure in figures:
        # Figures are compared by value, not by how they are written.
        rest = rest[: figure.start] + " " * (figure.end - figure.start) + rest[figure.end :]
    wanted = set(content_words(rest))
    if len(wanted & held.words) < SUPPORTED * len(wanted):
        return False
    return all(any(is_confirmed(reading, held) for reading in f.readings) for f in figures)


def is_confirmed(figure: Figure, held: Evidence) -> bool:
    """Whether an equal figure is among those of ``held``."""
    if figure.dimension == "date":
        return _is_dated(figure.date, held)
    return any(_is_same(figure, other, held.units) for other in held.figures)


class _Said(Struct, frozen=True):
    """One figure of an answer; an ambiguous date has two readings."""

    start: int
    end: int
    readings: list[Figure]


def _distinct(figures: Sequence[Figure]) -> list[_Said]:
    places: dict[tuple[int, int], list[Figure]] = {}
    for figure in figures:
        places.setdefault((figure.start, figure.end), []).append(figure)
    return [_Said(start, end, readings) for (start, end), readings in places.items()]


def _is_same(figure: Figure, other: Figure, named: set[Unit]) -> bool:
    if other.dimension == "date":
        # "in 2024" is confirmed by any day of 2024.
        return figure.dimension == "" and figure.value == other.date[0]
    if figure.dimension == other.dimension:
        return figure.value == other.value
    if figure.dimension == "":
        return figure.value in (other.written, other.value)
    if other.dimension == "":
        scales = [unit.scale for unit in named if unit.dimension == figure.dimension]
        # Without any unit in sight the bare number itself has to do.
        return any(figure.value == other.value * scale for scale in scales) or (
            not scales and figure.written == other.written
        )
    return False


def _is_dated(date: tuple[int, int, int], held: Evidence) -> bool:
    year, month, day = date
    dates = [figure.date for figure in held.figures if figure.dimension == "date"]
    years = {figure.value for figure in held.figures if figure.dimension == ""}
    years |= {Decimal(other[0]) for other in dates}
    for other_year, other_month, other_day in dates:
        if month != other_month or (day and day != other_day):
            continue
        # A passage often says its year once and then only the days.
        if not year or year == other_year or (not other_year and year in years):
            return True
    return False


def _cited_sentences(plain: str, marks: Sequence[Mark]) -> list[tuple[Sentence, frozenset[int]]]:
    """Sentences with the numbers they cite; a marker after the full stop belongs before it."""
    sentences = split(plain)
    numbers: dict[int, set[int]] = {}
    for mark in marks:
        before = [index for index, item in enumerate(sentences) if item.start <= mark.at]
        if before:
            numbers.setdefault(before[-1], set()).add(mark.number)
    return [(sentences[index], frozenset(cited)) for index, cited in sorted(numbers.items())]


def _joined(parts: Iterable[Evidence]) -> Evidence:
    held = list(parts)
    return Evidence(
        frozenset().union(*(part.words for part in held)),
        [figure for part in held for figure in part.figures],
        set().union(*(part.units for part in held)),
    )


def _flag(kind: str, text: str, start: int, end: int) -> Flag:
    return Flag(kind=kind, start=start, end=end, text=text[start:end])  # type: ignore[arg-type]
