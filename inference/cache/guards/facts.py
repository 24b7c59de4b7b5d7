"""Figures of a question: numbers, units, money, dates. Units are converted before they compare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from inference.cache.guards.reading import Reading
from inference.cache.guards.word_lists import in_order, phrases, rows, words


@dataclass(frozen=True, order=True, slots=True)
class Fact:
    """A value in the base unit of its dimension, which is empty for a bare number; ``written`` as
    the question has it.
    """

    value: float
    dimension: str = ""
    written: str = field(default="", compare=False)


_WORDS = {
    word: float(number)
    for number, word in enumerate(
        in_order(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen twenty"
        )
    )
} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "dozen": 12.0,
    "twice": 2.0,
    "half": 0.5,
}
_ORDINALS = {
    word: float(number)
    for number, word in enumerate(
        in_order(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
        ),
        start=1,
    )
}
_MAGNITUDES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_ALSO_WORDS = frozenset({"may", "march", "mar", "second"})
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RELATIVE = ("today", "yesterday", "tomorrow", "tonight")
_NUMBERED = words(
    """
year phase unit tier stage category class level tranche block zone part option quarter clause
article section schedule scope annex appendix rider step band group turbine rule
"""
)
"""Nouns that are numbered: after them even "one" is a number."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_TIME = re.compile(r"\d{1,2}:\d{2}")
_QUARTER = re.compile(r"([qh])([1-4])")
_GLUED = re.compile(r"(\d+(?:\.\d+)?)([a-z]{1,4})")

_TABLE = """
energy MWh | wh 1e-6, watthour 1e-6 | kwh 1e-3, kilowatthour 1e-3 | mwh 1, megawatthour 1 | gwh
    1e3, gigawatthour 1e3 | twh 1e6, terawatthour 1e6
heat GJ | j 1e-9, joule 1e-9 | kj 1e-6 | mj 1e-3, megajoule 1e-3 | gj 1, gigajoule 1 | pj 1e6 |
    btu 1.055056e-6 | mmbtu 1.055056, dekatherm 1.055056, dth 1.055056 | therm 0.1055056
power MW | w 1e-6, watt 1e-6 | kw 1e-3, kilowatt 1e-3 | mw 1, megawatt 1 | gw 1e3, gigawatt 1e3
apparent MVA | kva 1e-3 | mva 1
reactive Mvar | kvar 1e-3 | mvar 1
potential kV | v 1e-3, volt 1e-3 | kv 1, kilovolt 1
current A | ma 1e-3 | a 1, amp 1, ampere 1 | ka 1e3
frequency Hz | mhz 1e-3 | hz 1, hertz 1
mass kg | g 1e-3, gram 1e-3, gramme 1e-3 | kg 1, kilo 1, kilogram 1, kilogramme 1 | t 1e3, tonne
    1e3, ton 1e3 | mt 1e9, megatonne 1e9 | lb 0.45359237, lbs 0.45359237, pound 0.45359237 | oz
    0.0283495
volume m3 | ml 1e-6 | l 1e-3, litre 1e-3, liter 1e-3 | m3 1 | gallon 0.003785412 | barrel
    0.158987, bbl 0.158987 | scf 0.0283168, cf 0.0283168 | bcm 1e9
length m | mm 1e-3, millimetre 1e-3, millimeter 1e-3 | cm 1e-2, centimetre 1e-2, centimeter 1e-2
    | m 1, metre 1, meter 1 | km 1e3, kilometre 1e3, kilometer 1e3 | ft 0.3048, foot 0.3048,
    feet 0.3048 | inch 0.0254 | mile 1609.344 | yard 0.9144
area m2 | m2 1 | hectare 1e4, ha 1e4 | acre 4046.856
pressure bar | pa 1e-5 | kpa 1e-2 | mbar 1e-3 | bar 1 | psi 0.0689476 | atm 1.01325
temperature C | celsius 1, centigrade 1 | kelvin 1.0001 | fahrenheit 1.0002
time s | ms 1e-3, millisecond 1e-3 | sec 1, second 1 | min 60, minute 60 | hour 3600, hourly
    3600, hr 3600, h 3600 | day 86400, daily 86400 | week 604800, weekly 604800 | fortnight
    1209600 | month 2629800, monthly 2629800 | quarter 7889400, quarterly 7889400 | year
    31557600, yearly 31557600, annual 31557600, annually 31557600, annum 31557600, yr 31557600
share % | percent 1, percentage 1, pct 1 | bp 0.01
currency usd | cent 0.01 | usd 1, dollar 1, buck 1
currency2 eur | eur 1, euro 1
currency3 gbp | gbp 1, sterling 1
"""


def _units() -> dict[str, tuple[str, float]]:
    found = {}
    for head, *groups in rows(_TABLE):
        for group in groups:
            for item in phrases(group):
                name, scale = item.split()
                found[name] = (head.split()[0], float(scale))
    return found


UNITS = _units()
_AMBIGUOUS = frozenset(name for name in UNITS if len(name) == 1) | words(
    """
ma ha pa mt ms min second foot quarter bar cf sec kilo
"""
)
"""Units that mean something else unless a number stands before them."""
_SPANS = {"century": 100 * 31557600.0, "decade": 10 * 31557600.0}


def facts(reading: Reading) -> frozenset[Fact]:
    """Every figure of the question, in base units."""
    return frozenset(_figures(reading))


def mentioned_units(reading: Reading) -> dict[str, set[float]]:
    """By dimension, the scales of the units that stand without a number ("per MWh")."""
    named: dict[str, set[float]] = {}
    words = _joined(reading.words)
    for i, word in enumerate(words):
        unit = _unit(word)
        if unit is None or word in _AMBIGUOUS or (i and _NUMBER.fullmatch(words[i - 1])):
            continue
        named.setdefault(unit[0], set()).add(unit[1])
    return named


def _figures(reading: Reading) -> Iterator[Fact]:
    words = _joined(reading.words)
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        previous = words[i - 1] if i else ""
        dated = _calendar(word, previous, following, _surface(reading, i, words))
        if dated is not None:
            yield dated
        elif word in _SPANS:
            yield Fact(_SPANS[word], "time", word)
        elif (value := _value(word, previous)) is not None:
            yield _measured(value, word, previous, words[i + 1 : i + 3])
        elif (place := _place(word, previous, _surface(reading, i, words))) is not None:
            yield Fact(place, "", word)


def _measured(value: float, word: str, previous: str, following: list[str]) -> Fact:
    written = word
    if previous == "minus":
        value, written = -value, f"-{word}"
    if following and following[0] in _MAGNITUDES:
        value *= _MAGNITUDES[following[0]]
        written, following = f"{word} {following[0]}", following[1:]
    unit = _unit(following[0]) if following else None
    if unit is not None:
        written = f"{written} {following[0]}"
    elif previous in ("usd", "eur", "gbp"):
        written, unit = f"{previous} {written}", UNITS[previous]
    dimension, scale = unit or ("", 1.0)
    return Fact(float(f"{value * scale:.9g}"), dimension, written)


def _value(word: str, previous: str) -> float | None:
    if _NUMBER.fullmatch(word):
        return float(word)
    if word == "one":
        return 1.0 if previous in _NUMBERED else None
    return _WORDS.get(word)


def _place(word: str, previous: str, surface: str) -> float | None:
    """The number of an ordinal, which takes no unit: the second year is no two years."""
    if found := _ORDINAL.fullmatch(word):
        return float(found[1])
    # A capital makes it a part of a name ("the First Amendment"), which other guards compare.
    if word in _ORDINALS and not surface[:1].isupper() and previous != "a":
        return _ORDINALS[word]
    return None


def _calendar(word: str, previous: str, following: str, surface: str) -> Fact | None:
    if _TIME.fullmatch(word):
        hours, minutes = word.split(":")
        return Fact(float(hours) * 60 + float(minutes), "time of day", word)
    if word in _WEEKDAYS:
        return Fact(float(_WEEKDAYS.index(word)), "weekday", word)
    if word in _RELATIVE:
        return Fact(float(_RELATIVE.index(word)), "relative day", word)
    if found := _QUARTER.fullmatch(word):
        return Fact(float(found[2]), f"part of year {found[1]}", word)
    if word in _MONTHS:
        by_number = _NUMBER.fullmatch(previous) or _NUMBER.fullmatch(following)
        if word not in _ALSO_WORDS or (surface[:1].isupper() and (by_number or previous == "in")):
            return Fact(float(_MONTHS[word]), "month", word)
    return None


def _surface(reading: Reading, index: int, words: list[str]) -> str:
    same = len(words) == len(reading.surfaces)
    return reading.surfaces[index] if same else words[index]


def _joined(words: tuple[str, ...]) -> list[str]:
    """Words with "megawatt hours" as one and "10kWh" as two."""
    out: list[str] = []
    for word in words:
        glued = _GLUED.fullmatch(word)
        if glued and glued[2] in UNITS:
            out += [glued[1], glued[2]]
        elif out and word in ("hour", "hours") and out[-1].endswith("watt"):
            out[-1] += "hour"
        elif out and word in ("hour", "hours", "h") and out[-1] in ("kw", "mw", "gw", "tw"):
            out[-1] += "h"
        else:
            out.append(word)
    return out


def _unit(word: str) -> tuple[str, float] | None:
    if word in UNITS:
        return UNITS[word]
    return UNITS.get(word[:-1]) if word.endswith("s") else None
