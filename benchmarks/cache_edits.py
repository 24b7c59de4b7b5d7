"""Small edits of questions that change the answer, each with the question it was made from.

Made without the guards' word lists: what is exchanged comes from the corpus, from the calendar, or
from names and roles that no list holds.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from msgspec import Struct


class Edit(Struct, frozen=True):
    """``asked`` must not be answered as ``cached`` was. ``kind`` is the row of the table."""

    kind: str
    cached: str
    asked: str


_PARTIES = (
    "Harrow Ridge", "Sunmere", "Millbrook", "Calder Valley Electric", "Westmoor", "Port Aldane",
    "Fennick", "Brantwind", "Orrin", "Tolland", "Tessaly",
)  # fmt: skip
_STRANGERS = ("Kestrel Point", "Quillmark", "Osterby", "Lindow Power")
_ROLES = (
    ("the buyer", "the seller"), ("the landowner", "the developer"), ("the bank", "the trustee"),
    ("the city", "the cooperative"), ("the shipper", "the terminal"),
    ("the parent", "its affiliate"),
    ("Osterby", "Quillmark"), ("Westmoor", "Port Aldane"), ("Sunmere", "Orrin"),
    ("solar", "storage"), ("the pool", "the generator"),
)  # fmt: skip
_UNIT_GROUPS = (
    ("MWh", "kWh", "GWh"), ("kW", "MW", "GW"), ("kilogram", "tonne", "pound"), ("kilo", "tonne"),
    ("minutes", "hours", "days"), ("day", "month", "week"), ("days", "weeks", "months"),
    ("year", "month", "week"), ("years", "months"), ("MMBtu", "therm", "MJ"), ("kV", "V"),
    ("kilowatt-hours", "megajoules"), ("yearly", "monthly"), ("monthly", "daily"),
    ("metre", "foot"), ("dollars", "euros"),
)  # fmt: skip
_EVENTS = (
    "the plant was commissioned", "the amendment took effect", "the outage", "the change of law",
    "the meter was replaced", "the audit",
)  # fmt: skip
_ORDERS = (("before", "after"), ("prior to", "following"), ("until", "since"))
_ROLE_FRAMES = (
    "What did {a} pay {b} in 2024?",
    "How much does {a} owe to {b}?",
    "Must {a} compensate {b} for delays?",
    "Which notice does {a} have to give {b}?",
    "Did {a} sell power to {b}?",
    "Is {a} cheaper than {b}?",
    "What share of {a} is owned by {b}?",
    "What is carried from {a} to {b}?",
    "Why did {a} sue {b}?",
    "Who decides whether {a} reimburses {b}?",
)
_ORDER_FRAMES = (
    "Did {x} come before {y}?",
    "How long after {x} did {y} happen?",
    "Which price applied between {x} and {y}, and was {x} earlier than {y}?",
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|does|do|did|can|may|must|has|have|should|will)\b", re.IGNORECASE
)
_DIGITS = re.compile(r"(?<![\w.,-])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w-])")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = ("January", "March", "May", "August", "October", "December")


def edits(questions: Sequence[str], seed: int) -> list[Edit]:
    """Every kind of edit over ``questions``; the same seed makes the same list."""
    chance = random.Random(seed)
    makers: tuple[Callable[[Sequence[str], random.Random], Iterator[Edit]], ...] = (
        _numbers, _dates, _parties, _units, _negations, _temporal, _roles,
    )  # fmt: skip
    return [edit for maker in makers for edit in maker(questions, chance)]


def _numbers(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        for found in _DIGITS.finditer(question):
            if _YEAR.fullmatch(found[0]):
                continue
            value = float(found[0].replace(",", ""))
            for other in (value + chance.randint(1, 9), value * chance.choice((2, 3, 10))):
                new = f"{other:g}"
                yield Edit("number", question, _replace(question, found, new))


def _dates(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        for found in _YEAR.finditer(question):
            for step in (-1, 1, chance.randint(2, 9)):
                yield Edit("date", question, _replace(question, found, str(int(found[0]) + step)))
        if not _YEAR.search(question):
            one, other = chance.sample(_MONTHS, 2)
            dated = [f"{question.rstrip('?')} in {month}?" for month in (one, other)]
            yield Edit("date", dated[0], dated[1])


def _parties(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        for name in _PARTIES:
            if name not in question:
                continue
            others = [other for other in _PARTIES if other not in question]
            for other in (*chance.sample(others, 2), chance.choice(_STRANGERS)):
                yield Edit("party", question, question.replace(name, other))
            yield Edit("party", question, question.replace(name, chance.choice(others)).lower())


def _units(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        for group in _UNIT_GROUPS:
            for unit in group:
                pattern = re.compile(rf"(?<![\w-]){re.escape(unit)}(?![\w-])")
                if pattern.search(question) is None:
                    continue
                for other in group:
                    if other != unit:
                        yield Edit("unit", question, pattern.sub(other, question, count=1))


def _negations(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        found = _AUXILIARY.search(question)
        if found is None:
            continue
        short = {"can": "can't", "will": "won't", "may": "may not", "must": "must not"}
        word = found[0].lower()
        denied = short.get(word, f"{word}n't")
        if found[0][0].isupper():
            denied = denied.capitalize()
        yield Edit("negation", question, _replace(question, found, denied))
        plain = short.get(word, f"{word} not") if word not in ("can", "will") else f"{word} not"
        yield Edit("negation", question, _replace(question, found, plain))


def _temporal(questions: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for question in questions:
        event = chance.choice(_EVENTS)
        one, other = chance.choice(_ORDERS)
        stem = question.rstrip("?")
        yield Edit("temporal", f"{stem} {one} {event}?", f"{stem} {other} {event}?")
        front = question[0].lower() + question[1:]
        yield Edit(
            "temporal",
            f"{one.capitalize()} {event}, {front}",
            f"{other.capitalize()} {event}, {front}",
        )
    for frame in _ORDER_FRAMES:
        for x, y in permutations(_EVENTS, 2):
            yield Edit("temporal", frame.format(x=x, y=y), frame.format(x=y, y=x))


def _roles(_: Sequence[str], chance: random.Random) -> Iterator[Edit]:
    for frame in _ROLE_FRAMES:
        for a, b in _ROLES:
            yield Edit("role", frame.format(a=a, b=b), frame.format(a=b, b=a))
    for a, b in _ROLES:
        yield Edit("role", f"Did {a} pay {b} last year?", f"Was {a} paid by {b} last year?")
    for one, other in (("MJ", "Btu"), ("kWh", "therms"), ("barrels", "tonnes"), ("litres", "kg")):
        yield Edit("role", f"How many {one} are in {other}?", f"How many {other} are in {one}?")


def _replace(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]
