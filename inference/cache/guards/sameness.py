"""The same sentence with another word: what no list of opposites foresees.

A paraphrase says it otherwise; whoever keeps the sentence and changes one word means the word. So
the closer two questions are on the surface, the more a difference between them counts.
"""

from __future__ import annotations

from inference.cache.guards.contrasts import SYNONYMS
from inference.cache.guards.reading import FUNCTION_WORDS, Reading, stem
from inference.cache.guards.word_lists import words

_LIGHT = words(
    """
go goes going gone went take takes come try tried trying want wanted need needed like know think
believe seem seems appear tell see say find look let help use uses used using possible way able
someone somebody anyone something anything thing things already recently currently always maybe
probably possibly kind sort lot bit hello hi hey thanks question wonder wondering explain
describe define
"""
)
"""Words that carry a sentence and add nothing to what it asks."""
SAME_SENTENCE = 0.7
"""Share of the shorter question that stands in the longer one in the same order."""


def changed_word(one: Reading, other: Reading) -> tuple[str, str] | None:
    """The words that differ where the sentence is the same; an empty one where a word was added."""
    if likeness(one, other) < SAME_SENTENCE:
        return None
    mine, theirs = _residue(one, other), _residue(other, one)
    if not mine and not theirs:
        return None
    return " ".join(mine), " ".join(theirs)


def share_a_word(one: Reading, other: Reading, *, besides: set[str]) -> bool:
    """Whether a figure or a word that names something stands in both, names ``besides``."""
    return bool(_canonical_content(one, besides) & _canonical_content(other, besides))


def likeness(one: Reading, other: Reading) -> float:
    """Longest common subsequence of words over the length of the shorter question, 0..1."""
    a, b = one.stems, other.stems
    if not a or not b:
        return 0.0
    row = [0] * (len(b) + 1)
    for word in a:
        before = 0
        for j, candidate in enumerate(b, start=1):
            kept = row[j]
            row[j] = before + 1 if word == candidate else max(row[j], row[j - 1])
            before = kept
    return row[-1] / min(len(a), len(b))


def _residue(one: Reading, other: Reading) -> list[str]:
    known = {_canonical(stemmed) for stemmed in other.stems}
    return [
        word
        for word, stemmed in zip(one.words, one.stems, strict=True)
        if word not in FUNCTION_WORDS and word not in _LIGHT and _canonical(stemmed) not in known
    ]


def _canonical_content(reading: Reading, besides: set[str]) -> set[str]:
    return {
        _canonical(stemmed)
        for word, stemmed in zip(reading.words, reading.stems, strict=True)
        if word not in FUNCTION_WORDS and word not in besides
    }


def _canonical(stemmed: str) -> str:
    return _REPRESENTATIVE.get(stemmed, stemmed)


_REPRESENTATIVE = {stem(word): stem(group[0]) for group in SYNONYMS for word in group}
