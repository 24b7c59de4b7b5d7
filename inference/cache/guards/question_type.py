"""What kind of answer a question wants: a person, a time, a reason, yes or no."""

from __future__ import annotations

from inference.cache.guards.reading import Reading
from inference.cache.guards.word_lists import words

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
_NOUNS = {
    "time": words("date day deadline time times hour hours year month week term period moment due"),
    "who": words(
        """
person people party company team organisation organization entity agency authority manufacturer
supplier owner operator name bank firm institution group player author buyer seller provider
contractor winner
"""
    ),
    "place": words(
        """
place location site city town country state region county address area building street campus
stadium river port continent island village
"""
    ),
}
"""What "what" asks for beside these nouns."""
_QUANTITIES = words("duration frequency distance age temperature depth weight loudness speed")
_SPANS = words("time seconds minutes hours days weeks months years")
_OPEN = "open"
_COMPATIBLE = (
    # A quantity may be asked for by any word.
    *(frozenset({broad, kind}) for broad in ("how much", "what") for kind in _QUANTITIES),
    frozenset({"what", "how much"}),
    frozenset({"what", "how"}),
    frozenset({"time", "duration"}),
    frozenset({"time", "speed"}),
    frozenset({"duration", "speed"}),
    # "Can I ...?" is answered by how.
    frozenset({"how", "ability"}),
    frozenset({"yes or no", "ability"}),
)
_NEAR = 3
"""Words after "what" among which its noun stands."""


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
        if word == "where" and i < 3:
            return "place"
        if word == "how" and following != "come":
            return _how(asked[i + 1 : i + 3])
        if word in ("what", "which"):
            return "what" if following in _AUXILIARIES else _noun(asked[i + 1 : i + 1 + _NEAR])
    return _without_question_word(asked)


def compatible(one: Reading, other: Reading) -> bool:
    """Whether one answer can serve both kinds of question."""
    kinds = {wanted(one), wanted(other)}
    if len(kinds) == 1 or _OPEN in kinds or kinds in _COMPATIBLE:
        return True
    [other_kind] = kinds - {"what"} if "what" in kinds else [""]
    nouns = _NOUNS.get(other_kind)
    return nouns is not None and any(
        wanted(reading) == "what" and nouns & set(reading.words) for reading in (one, other)
    )


def _noun(following: tuple[str, ...]) -> str:
    """What "what" asks for by the words up to the next verb."""
    for word in following:
        if word in _AUXILIARIES:
            break
        for kind, nouns in _NOUNS.items():
            if word in nouns:
                return kind
    return "what"


def _without_question_word(asked: tuple[str, ...]) -> str:
    for i, word in enumerate(asked[:-1]):
        if word in _AUXILIARIES and (i == 0 or asked[i + 1] in _SUBJECTS):
            return "ability" if word in ("can", "could") else "yes or no"
    return _OPEN


def _how(following: tuple[str, ...]) -> str:
    first, counted = (*following, "", "")[:2]
    if first in _HOW:
        return _HOW[first]
    if first in ("much", "many") and counted in _SPANS:
        return "duration"
    manner = not first or first in _AUXILIARIES or first in _SUBJECTS or first == "to"
    return "how" if manner else "how much"
