"""Slots of a question, a year or a name or a phrase, and how a follow-up puts another value there.

Pure. Nothing is replaced unless exactly one place of the earlier question fits.
"""

from __future__ import annotations

import re

from inference.text.sentences import content_words, words

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_RELATIVE = {
    -1: r"(?:the|in the|of the|for the)?\s*(?:year before|previous year|year earlier|prior year|"
    r"preceding year)|a year (?:before|earlier)",
    1: r"(?:the|in the|of the|for the)?\s*(?:year after|next year|following year|year later)|"
    r"a year (?:after|later)",
    0: r"(?:(?:in|for|during|of)\s+)?(?:that|the same) year",
}
_RELATIVE_YEAR = {step: re.compile(rf"\b(?:{p})\b", re.IGNORECASE) for step, p in _RELATIVE.items()}

# "RS-1", "NM-2", "T21": a schedule, a rider, a unit of plant.
_CODE = re.compile(r"\b[A-Z]{1,5}-?\d+[A-Z]?\b")
# Names: a capitalised word or several, not the first word of the question.
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][\w'&]*(?:[ -][A-Z][\w'&]*)*")
# Names of a kind of their own: a month is put in the place of no plant.
_CALENDAR = frozenset(
    "January February March April May June July August September October November December "  # noqa: SIM905
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
)
_LEAD_IN = re.compile(
    r"^(?:and|or|but|so|then|also|now)?\W*(?:what about|how about|what of)?\W*"
    r"(?P<preposition>in|for|of|by|at|from|to|on|under|with|during|per|over)?\s+"
    r"(?P<rest>\S.*?)\W*$",
    re.IGNORECASE,
)
# What may stand around a value in a follow-up that asks for nothing else.
_FILLER = frozenset(
    words(
        "and or but so then also now what how about of in for at by the a an it its that this was "
        "is were are be been does did do much many would will same one there have has had"
    )
)
_BREAK = r"(?:in|for|of|by|at|from|to|on|under|with|during|per|over|than|and|or)"


def points_at_a_year(question: str) -> bool:
    """Whether the question speaks of a year by way of another ("the year before")."""
    return any(pattern.search(question) for pattern in _RELATIVE_YEAR.values())


def replace(question: str, earlier: str) -> str | None:
    """Put the one value that ``question`` names in its place in ``earlier``, or return ``None``.

    Only if the follow-up asks for nothing else, and the place is unmistakable. A name and a year
    ("and Sunmere in 2023?") are put in both places or in none.
    """
    return (
        _year(question, earlier)
        or _year_and_name(question, earlier)
        or _alike(_CODE, question, earlier)
        or _alike(_NAME, question, earlier)
        or _phrase(question, earlier)
    )


def with_year(question: str, earlier: str) -> str:
    """``question`` with "that year", "the year before" said in figures, where ``earlier`` has one
    year; else as it is."""
    years = set(_YEAR.findall(earlier))
    if len(years) != 1:
        return question
    year = int(years.pop())
    for step, pattern in _RELATIVE_YEAR.items():
        question = pattern.sub(f" in {year + step}", question)
    return " ".join(question.split())


def _year(question: str, earlier: str) -> str | None:
    dated = with_year(question, earlier)
    asked, held = _YEAR.findall(dated), _YEAR.findall(earlier)
    if len(asked) != 1 or len(set(held)) != 1 or not _only(dated, asked[0]):
        return None
    return _YEAR.sub(asked[0], earlier)


def _year_and_name(question: str, earlier: str) -> str | None:
    dated = with_year(question, earlier)
    asked = _YEAR.findall(dated)
    if len(asked) != 1:
        return None
    named = _alike(_NAME, " ".join(dated.replace(asked[0], " ").split()), earlier)
    return None if named is None else _year(asked[0], named)


def _alike(kind: re.Pattern[str], question: str, earlier: str) -> str | None:
    """Another code for a code, another name for a name."""
    asked, held = kind.findall(_lowered_start(question)), kind.findall(_lowered_start(earlier))
    if len(asked) != 1 or len(set(held)) != 1 or not _only(question, asked[0]):
        return None
    (new,), old = asked, held[0]
    if (new in _CALENDAR) != (old in _CALENDAR):
        return None
    # "and Sunmere's?" after a question about "the output of Harrow Ridge".
    if not old.endswith("'s"):
        new = new.removesuffix("'s")
    elif not new.endswith("'s"):
        new += "'s"
    return earlier.replace(old, new)


def _phrase(question: str, earlier: str) -> str | None:
    """A phrase for one after the same preposition that shares a word with it: "by higher heating
    value" for "by lower heating value"."""
    found = _LEAD_IN.match(question)
    if found is None or found["preposition"] is None:
        return None
    preposition, phrase = found["preposition"].lower(), found["rest"]
    held = re.findall(
        rf"\b{preposition}\s+((?:(?!\b{_BREAK}\b)[^?,;])+?)(?=\s+{_BREAK}\b|\W*$)",
        earlier,
        re.IGNORECASE,
    )
    if len(held) != 1 or not set(content_words(phrase)) & set(content_words(held[0])):
        return None
    return earlier.replace(held[0], phrase)


def _only(question: str, value: str) -> bool:
    """Whether ``question`` holds nothing beside ``value`` but filler."""
    rest = words(question.replace(value, " "))
    return all(word in _FILLER for word in rest)


def _lowered_start(text: str) -> str:
    """The first word of a question is capitalised whatever it is."""
    return text[:1].lower() + text[1:]
