"""Figures of a text: numbers with their units, money, percentages and dates, normalised. Pure.

Numbers inside names ("RS-1", "CO2", "Q3") are no figures, nor are the numbers of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from inference.text.units import Unit, multiplier_of, unit_of


class Figure(Struct, frozen=True):
    """A figure and its character span.

    ``value`` is in base units of ``dimension`` ("" for a bare number; a currency's code for money);
    ``written`` is the number as it stands, before unit and multiplier. A date has the dimension
    "date" and ``date`` holds (year, month, day), 0 where it does not say.
    """

    start: int
    end: int
    dimension: str
    value: Decimal
    written: Decimal
    date: tuple[int, int, int] = (0, 0, 0)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun",
            "july jul", "august aug", "september sep sept", "october oct", "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?P<year>(?:1[89]|20|21)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])",
        r"(?<![\w./])(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})(?![\w/])",
        rf"(?<![\w.,]){_DAY}(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH}\s+{_DAY}\b(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH},?\s+{_YEAR}\b",
    )
]
_BLANK = "[ \t\u00a0\u2009\u202f]"
_NUMBER = re.compile(
    r"(?P<money>(?:US)?\$|[€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)(?=[ \u00a0]?\d))?"
    rf"{_BLANK}?"
    r"(?<![\w.,])(?<!\w[-–/])(?P<number>\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?![\d]|[,.]\d)"
)
_MULTIPLIER = re.compile(rf"{_BLANK}?(?P<word>[A-Za-z]+)\b")
_UNIT = re.compile(
    rf"[-{_BLANK[1:-1]}]?(?P<word>per cent|percentage points?|basis points?|"
    r"(?:[kK]ilo|[mM]ega|[gG]iga|[tT]era)?[wW]att[- ]?hours?|pounds? sterling|"
    r"°[CF]|%|[€£¢$]|m[3³]|[A-Za-z]+)(?![A-Za-z0-9³])"
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_LISTED = re.compile(r"(?m)^[ \t]*(?:[-*+>#]+[ \t]+)*[“\"]?\d{1,3}[.)][ \t]+")
_WORD = re.compile(r"[A-Za-z°%€£¢$³]+(?:[- ][Hh]ours?)?3?")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLED = {word: number for number, word in enumerate(_ONES.split())} | {
    word: 10 * number for number, word in enumerate(_TENS.split(), 2)
}
_SPELLED_NUMBER = re.compile(
    r"\b(?P<first>" + "|".join(_SPELLED) + r")(?:[- ](?P<second>"
    # "one" to "nine" after the tens
    + "|".join(_ONES.split()[1:10])
    + r"))?\b",
    re.IGNORECASE,
)  # fmt: skip


def figures_of(text: str, *, spelled: bool = False) -> list[Figure]:
    """Return the figures of ``text`` in order; ``spelled`` reads "fifteen years" too."""
    rest = _LISTED.sub(lambda match: " " * len(match[0]), text)
    found: list[Figure] = []
    for pattern in _DATES:
        for match in pattern.finditer(rest):
            dates = list(_dates(match))
            if dates:
                found.extend(dates)
                rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    found.extend(_number(match, rest) for match in _NUMBER.finditer(rest))
    if spelled:
        found.extend(_spelled(rest))
    return sorted(found, key=lambda figure: (figure.start, figure.end))


def units_named(text: str) -> set[Unit]:
    """Every unit that ``text`` names: a table's numbers have theirs in its head."""
    return {unit for match in _WORD.finditer(text) if (unit := unit_of(match[0])) is not None}


def _dates(match: re.Match[str]) -> Iterator[Figure]:
    parts = match.groupdict()
    year, day = int(parts.get("year") or 0), int(parts.get("day") or 0)
    named = parts["month"].lower()
    month = _MONTHS.get(named) or int(named)
    readings = {(year, month, day)}
    if "/" in match[0]:
        # 03/04/2024 is March or April, by the country.
        readings.add((year, day, month))
    for reading in sorted(readings):
        if reading[1] <= 12 and reading[2] <= 31:
            yield Figure(*match.span(), "date", Decimal(0), Decimal(0), reading)


def _number(match: re.Match[str], text: str) -> Figure:
    written = Decimal(re.sub(r"[^\d.]", "", match["number"]))
    start = match.start("money") if match["money"] else match.start("number")
    return _measured(text, start, match.end(), written, unit_of(match["money"] or ""))


def _measured(text: str, start: int, end: int, written: Decimal, money: Unit | None) -> Figure:
    """The figure of a number that ends at ``end``, with the multiplier and unit after it."""
    value = written
    ordinal = _ORDINAL.match(text, end)
    if ordinal is not None:
        return Figure(start, ordinal.end(), "", value, written)
    word = _MULTIPLIER.match(text, end)
    factor = multiplier_of(word["word"], money=money is not None) if word else None
    if word is not None and factor is not None:
        value, end = value * factor, word.end()
    unit = money
    if unit is None:
        named = _UNIT.match(text, end)
        unit = unit_of(named["word"]) if named else None
        end = named.end() if named is not None and unit is not None else end
    if unit is None:
        return Figure(start, end, "", value, written)
    return Figure(start, end, unit.dimension, value * unit.scale, written)


def _spelled(text: str) -> Iterator[Figure]:
    for match in _SPELLED_NUMBER.finditer(text):
        number = _SPELLED[match["first"].lower()]
        second = match["second"]
        if second is not None and number < 20:
            # "nine two" is no number.
            continue
        written = Decimal(number + (_SPELLED[second.lower()] if second else 0))
        yield _measured(text, match.start(), match.end(), written, None)
