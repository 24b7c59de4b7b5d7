"""Names: parties, plants, places, codes. Written in capitals by one of the two questions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inference.cache.guards.facts import UNITS
from inference.cache.guards.reading import FUNCTION_WORDS, Reading
from inference.cache.guards.word_lists import words

_CODE = re.compile(r"(?=\w*[^\W\d_])(?=\w*\d)\w+")
_OPENING = words(
    """
convert name list define describe explain compare give show calculate find state tell please
help need want according assuming if suppose given add change cancel make
"""
)
_CALENDAR = words(
    """
january february march april may june july august september october november december monday
tuesday wednesday thursday friday saturday sunday
"""
)


def names(reading: Reading) -> set[str]:
    """The words of the question's names, in lower case."""
    found = set()
    for i, surface in enumerate(reading.surfaces):
        word = reading.words[i]
        if word in FUNCTION_WORDS or word in _CALENDAR or _is_unit(word):
            continue
        is_code = _CODE.fullmatch(word) and not word[0].isdigit()
        if is_code or (surface[:1].isupper() and (i or _opens_with_name(reading))):
            found.add(word)
    return found


def strangers(one: Reading, other: Reading) -> tuple[set[str], set[str]]:
    """Of each question, the words of names that the other does not know in any form."""
    return set(_unknown(one, other)), set(_unknown(other, one))


def share_a_name(one: Reading, other: Reading) -> bool:
    """Whether a name of one question occurs in the other."""
    return bool(names(one) & set(other.words) or names(other) & set(one.words))


def _unknown(one: Reading, other: Reading) -> Iterator[str]:
    known = set(other.words) | set(other.stems)
    initials = _initials(other)
    for word in names(one):
        stemmed = one.stems[one.words.index(word)]
        if word in known or stemmed in known or word in initials or _spelled(word, one, other):
            continue
        yield word


def _initials(reading: Reading) -> set[str]:
    """What up to five words side by side would be abbreviated to."""
    letters = [word[0] for word in reading.words]
    return {
        "".join(letters[i : i + size])
        for size in (2, 3, 4, 5)
        for i in range(len(letters) - size + 1)
    }


def _spelled(word: str, one: Reading, other: Reading) -> bool:
    """Whether ``word`` belongs to a run of words that the other question abbreviates."""
    at = one.words.index(word)
    for size in (2, 3, 4, 5):
        for begin in range(max(0, at - size + 1), at + 1):
            run = one.words[begin : begin + size]
            if len(run) == size and "".join(w[0] for w in run) in other.words:
                return True
    return False


def _opens_with_name(reading: Reading) -> bool:
    """A sentence's own capital says nothing, unless a name goes on or it is all capitals."""
    first = reading.surfaces[0]
    if reading.words[0] in _OPENING:
        return False
    following = reading.surfaces[1] if len(reading.surfaces) > 1 else ""
    return (len(first) > 1 and first.isupper()) or following[:1].isupper()


def _is_unit(word: str) -> bool:
    return word in UNITS or word.rstrip("s") in UNITS
