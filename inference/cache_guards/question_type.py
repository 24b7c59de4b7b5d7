"""What kind of answer a question wants: a person, a time, a reason, yes or no."""

from __future__ import annotations

from inference.cache_guards.reading import Reading
from inference.cache_guards.word_lists import words

_AUXILIARIES = words(
    """
is are was were do does did can could will would shall should may might must has have had am are
"""
)
_HOW = {
    "long": "duration",
    "often": "frequency",
    "frequently": "frequency",
    "far": "distance",
    "old": "age",
    "hot": "temperature",
    "cold": "temperature",
    "warm": "temperature",
    "deep": "depth",
    "heavy": "weight",
    "loud": "loudness",
    "soon": "duration",
    "quickly": "speed",
    "fast": "speed",
}
_SUBJECTS = words("i you we he she they it there someone anyone the a an my your our this that")
_QUANTITIES = words("time duration frequency distance age temperature depth weight loudness speed")
_OPEN = "open"
_COMPATIBLE = (
    # A quantity may be asked for by any word; "what" may ask for a person, a place or a manner.
    *(frozenset({broad, kind}) for broad in ("how much", "what") for kind in _QUANTITIES),
    *(frozenset({"what", kind}) for kind in ("who", "place", "how", "how much")),
    frozenset({"time", "duration"}),
    frozenset({"time", "speed"}),
    frozenset({"duration", "speed"}),
    # "Can I ...?" is answered by how.
    frozenset({"how", "ability"}),
    frozenset({"yes or no", "ability"}),
)


def wanted(reading: Reading) -> str:
    """The kind of answer; "what" after that word, "open" where no word asks."""
    asked = reading.words
    for i, word in enumerate(asked):
        following = asked[i + 1] if i + 1 < len(asked) else ""
        if word == "why" or (word == "what" and "reason" in asked[i + 1 : i + 5]):
            return "why"
        if word in ("who", "whom", "whose"):
            return "who"
        if word == "when" and i < 3:
            return "time"
        if word in ("what", "which") and {"date", "time", "hours"} & set(asked[i + 1 : i + 4]):
            return "time"
        if word == "where" and i < 3:
            return "place"
        if word == "how" and following != "come":
            return _how(following)
        if word in ("what", "which"):
            return "what"
    return _without_question_word(asked)


def _without_question_word(asked: tuple[str, ...]) -> str:
    for i, word in enumerate(asked[:-1]):
        if word in _AUXILIARIES and (i == 0 or asked[i + 1] in _SUBJECTS):
            return "ability" if word in ("can", "could") else "yes or no"
    return _OPEN


def compatible(one: str, other: str) -> bool:
    """Whether one answer can serve both kinds of question."""
    return one == other or _OPEN in (one, other) or frozenset({one, other}) in _COMPATIBLE


def _how(following: str) -> str:
    if following in _HOW:
        return _HOW[following]
    if following in ("much", "many") or following not in _AUXILIARIES | {"to", "i", "you", "the"}:
        return "how much"
    return "how"
