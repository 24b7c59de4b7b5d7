"""What turns a question round: negation, opposites, members of one kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from inference.cache.guards.contrasts import KINDS, OPPOSITES
from inference.cache.guards.reading import Reading, stem
from inference.cache.guards.word_lists import words

_NEGATORS = words(
    """
not no never none neither nor without nothing nobody hardly barely scarcely unable lack
lacking lacks except excluding unless
"""
)
_PREFIXES = (
    "un",
    "non",
    "in",
    "im",
    "ir",
    "il",
    "dis",
    "de",
    "mis",
    "anti",
    "sub",
    "over",
    "under",
)


def negations(reading: Reading) -> int:
    """How many words deny."""
    return sum(word in _NEGATORS for word in reading.words)


def denied_word(one: Reading, other: Reading) -> str | None:
    """A word of one question that the other has with a denying prefix ("compensated")."""
    for mine, theirs in ((one, other), (other, one)):
        for word in mine.stems:
            if len(word) < 3 or word in theirs.stems:
                continue
            for prefix in _PREFIXES:
                denied = {prefix + word, stem(prefix + word)}
                if denied & set(theirs.stems) and not denied & set(mine.stems):
                    return word
    return None


def opposites(one: Reading, other: Reading) -> tuple[str, str] | None:
    """A pair of opposites of which each question has one side alone."""
    mine, theirs = _sides(one), _sides(other)
    for number, sides in mine.items():
        facing = theirs.get(number)
        if facing and len(sides) == len(facing) == 1 and sides.keys() != facing.keys():
            return next(iter(sides.values())), next(iter(facing.values()))
    return None


def kinds(one: Reading, other: Reading) -> tuple[str, str] | None:
    """Two members of one kind of which each question has another."""
    for mine, theirs in zip(_members(one), _members(other), strict=True):
        only_mine, only_theirs = mine.keys() - theirs.keys(), theirs.keys() - mine.keys()
        if only_mine and only_theirs:
            return mine[min(only_mine)], theirs[min(only_theirs)]
    return None


@lru_cache(maxsize=4096)
def _sides(reading: Reading) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    for (number, side), phrase in _occurring(reading, _OPPOSITES_BY_STEM):
        found.setdefault(number, {})[side] = phrase
    return found


@lru_cache(maxsize=4096)
def _members(reading: Reading) -> tuple[dict[int, str], ...]:
    found: tuple[dict[int, str], ...] = tuple({} for _ in KINDS)
    for (number, member), phrase in _occurring(reading, _KINDS_BY_STEM):
        found[number][member] = phrase
    return found


Listed = dict[str, list[tuple[tuple[int, int], str]]]
"""Stem that a phrase begins with -> row and side of the phrase, and the phrase."""


def _occurring(reading: Reading, listed: Listed) -> Iterator[tuple[tuple[int, int], str]]:
    for first in dict.fromkeys(reading.stems):
        for place, phrase in listed.get(first, ()):
            if reading.holds(phrase):
                yield place, phrase


def _by_stem(table: Sequence[Sequence[Sequence[str]]]) -> Listed:
    listed: Listed = {}
    for number, row in enumerate(table):
        for side, phrases in enumerate(row):
            for phrase in phrases:
                listed.setdefault(stem(phrase.split()[0]), []).append(((number, side), phrase))
    return listed


_OPPOSITES_BY_STEM = _by_stem([(pair.left, pair.right) for pair in OPPOSITES])
_KINDS_BY_STEM = _by_stem(KINDS)
