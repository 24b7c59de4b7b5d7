"""Who does what to whom: the same words in another order may ask the opposite."""

from __future__ import annotations

import re
from itertools import pairwise
from operator import itemgetter

from inference.cache.guards.contrasts import KINDS
from inference.cache.guards.entities import names
from inference.cache.guards.facts import UNITS
from inference.cache.guards.reading import FUNCTION_WORDS, Reading, stem
from inference.cache.guards.word_lists import words

_ALIKE = 0.8
"""Share of words, function words too, from which two questions are one in another order."""
_NEAR = 0.4
"""The same for an active and a passive, whose verbs differ and which say more or less besides."""
_ARTICLES = words(
    """
a an the each every one s my your our their its
"""
)
_AUXILIARIES = words(
    """
is are was were do does did can could will would shall should may might must has have had what
which that who
"""
)
_LINKS = frozenset({"and", "or"})
_PARTIES = (
    "buyer seller purchaser vendor offtaker supplier customer consumer generator utility lender "
    "borrower creditor debtor landlord tenant lessor lessee owner operator contractor client "
    "employer employee principal agent insurer guarantor shipper carrier terminal importer "
    "exporter producer distributor retailer grid market regulator company bank user party host "
    "licensor licensee investor shareholder subsidiary parent sender receiver payer payee issuer "
    "holder person someone friend partner"
)
_BE = words(
    """
is are was were be been being get gets got
"""
)
_IRREGULAR = words(
    """
paid sold bought made given owed built held set kept met sent lent taken chosen known shown
written done seen hurt put led left lost won
"""
)
_PARTICIPLE = re.compile(r"\w{2,}ed")


def swapped(one: Reading, other: Reading) -> bool:
    """Whether two things changed places around a third word, or active became passive."""
    shared = _shared(one, other)
    flipped = is_passive(one) != is_passive(other)
    if not flipped and _alike(one, other) and _falls([b for _, _, b in shared]):
        return True
    bearing = _bearing(one) | _bearing(other)
    if not flipped:
        return _exchanged(one, other, shared, bearing)
    actors = [places for word, *places in shared if word in bearing and not word[0].isdigit()]
    keep_order = all(a[1] < b[1] for a, b in pairwise(actors))
    return len(actors) > 1 and keep_order and _near(one, other)


def is_passive(reading: Reading) -> bool:
    """Whether somebody is named by whom it is done."""
    words = reading.words
    for i, word in enumerate(words):
        if word in _BE:
            for at in range(i + 1, min(i + 6, len(words))):
                if _is_participle(words[at]) and "by" in words[at + 1 :]:
                    return True
    return False


def _is_participle(word: str) -> bool:
    return word in _IRREGULAR or bool(_PARTICIPLE.fullmatch(word))


Shared = tuple[str, int, int]
"""A word and its places in the two questions."""


def _shared(one: Reading, other: Reading) -> list[Shared]:
    """The words that both have equally often, occurrence by occurrence, in the order of ``one``."""
    return sorted(
        (
            (word, mine, theirs)
            for word in set(one.stems) - _LINKS - _ARTICLES
            if one.stems.count(word) == other.stems.count(word)
            for mine, theirs in zip(_places(word, one), _places(word, other), strict=True)
        ),
        key=itemgetter(1),
    )


def _places(word: str, reading: Reading) -> list[int]:
    return [place for place, stemmed in enumerate(reading.stems) if stemmed == word]


def _falls(places: list[int]) -> bool:
    """Whether three of ``places`` fall: a block that merely moved makes two at most."""
    best: list[int] = []
    for i, place in enumerate(places):
        best.append(1 + max((best[j] for j in range(i) if places[j] > place), default=0))
    return max(best, default=0) >= 3


def _exchanged(one: Reading, other: Reading, shared: list[Shared], bearing: set[str]) -> bool:
    """Whether two that bear roles stand the other way round, each where the other stood."""
    bearers = [item for item in shared if item[0] in bearing]
    for i, (_, a1, b1) in enumerate(bearers):
        for _, a2, b2 in bearers[i + 1 :]:
            if b2 > b1:
                continue
            before = (_marker(one, a1, bearing), _marker(one, a2, bearing))
            after = (_marker(other, b1, bearing), _marker(other, b2, bearing))
            if before[0] != before[1] and before == after[::-1]:
                return True
    return False


def _marker(reading: Reading, place: int, bearing: set[str]) -> str:
    """What gives the word at ``place`` its role: an auxiliary, a preposition, or a verb."""
    at = place - 1
    while at >= 0 and (reading.stems[at] in bearing or reading.words[at] in _ARTICLES):
        at -= 1
    if at < 0:
        return "subject"
    word = reading.words[at]
    if word in _AUXILIARIES:
        return "subject"
    return word if word in FUNCTION_WORDS and word != "to" else "object"


def _is_unit(word: str) -> bool:
    unit = UNITS.get(word) or UNITS.get(word.rstrip("s"))
    return unit is not None and unit[0] != "time"


def _alike(one: Reading, other: Reading) -> bool:
    mine, theirs = set(one.stems), set(other.stems)
    return len(mine & theirs) >= _ALIKE * len(mine | theirs)


def _near(one: Reading, other: Reading) -> bool:
    mine, theirs = set(one.content), set(other.content)
    return len(mine & theirs) >= _NEAR * len(mine | theirs)


def _bearing(reading: Reading) -> set[str]:
    """Stems that can bear a role: names, parties, numbers, units, members of a kind."""
    return {
        stemmed
        for word, stemmed in zip(reading.words, reading.stems, strict=True)
        if stemmed in _ROLE_STEMS or word[0].isdigit() or _is_unit(word)
    } | {stem(name) for name in names(reading)}


_ROLE_STEMS = frozenset(stem(word) for word in _PARTIES.split()) | {
    stem(phrase) for kind in KINDS for member in kind for phrase in member if " " not in phrase
}
