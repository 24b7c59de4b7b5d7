"""Which sentences of the passages answer a question, by a small model that can be read. Pure.

The score of a sentence is a weighted sum of what it shares with the question. Softmax of the scores
is the chance that it is the one that answers: the weights were fitted for that on one half of the
questions of squad_passages (``python -m benchmarks.fit_extractive``), so that they are log-odds.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from inference.ports import Passage
from inference.text.question_wish import Wish
from inference.text.sentences import STOPWORDS, Sentence, is_table_row, split, words
from inference.text.words import Analyser

Similarity = Callable[[Sequence[str]], Sequence[float]]
"""The cosines of some sentences with the question."""

EMBEDDED = 12
"""Sentences whose meaning is compared; the lexically best. Bounds what an answer costs."""

LEAST, MOST = 2, 5
ENOUGH = 0.92
"""Sentences are added until one of them answers with this chance: three on the mean of the
questions that fitted the weights."""

_SAME = 0.7
"""Two sentences that share this part of the shorter one's words repeat each other."""

_MIN_WORDS = 4
_CRUMB = 8.0
_DIGIT = re.compile(r"\d")


class Weights(Struct, frozen=True):
    """Log-odds for one unit of each feature; see ``_Features``."""

    shared: float = 3.2
    given: float = 2.8
    pairs: float = 1.0
    fused: float = 2.8
    rank: float = 1.7
    passage: float = 2.6
    focus: float = 2.2
    meaning: float = 3.7
    person: float = 1.7
    figure: float = 1.4
    naming: float = 0.4
    count: float = 1.6
    other_year: float = -1.1


WEIGHTS = Weights()


class Candidate(Struct, frozen=True):
    """A sentence of passage ``source`` (numbered from 1), its words and its score."""

    source: int
    sentence: Sentence
    words: frozenset[str]
    score: float
    features: tuple[float, ...]


class _Row(Struct):
    source: int
    passage: Passage
    sentence: Sentence
    ordered: list[str]
    words: frozenset[str]
    under: frozenset[str]
    before: frozenset[str]


def rank(
    question: str,
    passages: Sequence[Passage],
    similarity: Similarity | None = None,
    *,
    weights: Weights = WEIGHTS,
    embedded: int = EMBEDDED,
) -> list[Candidate]:
    """Return the sentences of ``passages``, best first.

    ``similarity`` is asked once, for the ``embedded`` best sentences by words; only those remain.
    Without it the words decide alone.
    """
    # A stemmer is not made to be shared between threads.
    analyser = Analyser()
    rows = list(_rows(passages, analyser))
    found = _Features(_subject(question, analyser), Wish(question), rows)
    ranked = [_candidate(row, found.of(row), weights) for row in rows]
    ranked.sort(key=lambda item: -item.score)
    if similarity is None or not ranked:
        return ranked
    ranked = ranked[:embedded]
    near = similarity([_in_context(item, passages) for item in ranked])
    with_meaning = [
        Candidate(
            item.source,
            item.sentence,
            item.words,
            item.score + weights.meaning * float(cosine),
            (*item.features, float(cosine)),
        )
        for item, cosine in zip(ranked, near, strict=True)
    ]
    return sorted(with_meaning, key=lambda item: -item.score)


def choose(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The best sentences that do not repeat each other, best first, until it is enough."""
    if not ranked:
        return []
    odds = [math.exp(item.score - ranked[0].score) for item in ranked]
    total = sum(odds)
    chosen: list[Candidate] = []
    chance = 0.0
    for item, weight in zip(ranked, odds, strict=True):
        if len(chosen) == MOST or (len(chosen) >= LEAST and chance >= ENOUGH):
            break
        chance += weight / total
        if not any(_repeats(item.words, other.words) for other in chosen):
            chosen.append(item)
    return chosen


def is_crumb(text: str) -> bool:
    """Whether a sentence says nothing by itself: a few words, or the head of a table."""
    return len(words(text)) < _MIN_WORDS or (is_table_row(text) and not _DIGIT.search(text))


class _Features:
    """What sentences share with one question. Words weigh by how rare they are among all rows.

    A row has the words of its headings: what a title says holds for every sentence under it, so
    that a sentence gains nothing by saying it again.
    """

    def __init__(self, ordered: Sequence[str], wish: Wish, rows: Sequence[_Row]) -> None:
        frequency = Counter(word for row in rows for word in row.words | row.under)
        self._wanted = set(ordered)
        self._pairs = set(pairwise(ordered))
        self._wish = wish
        self._weight = {
            word: math.log(1 + len(rows) / (1 + frequency[word])) for word in self._wanted
        }
        self._whole = sum(self._weight.values()) or 1.0

    def of(self, row: _Row) -> tuple[float, ...]:
        """The features of one row, in the order of ``Weights`` without ``meaning``."""
        text = row.sentence.text
        stated = row.words | row.under
        return (
            self._share(self._wanted & stated),
            # What a sentence takes for granted is said just before it.
            self._share(self._wanted & (stated | row.before)),
            len(self._pairs & set(pairwise(row.ordered))) / (len(self._pairs) or 1),
            row.passage.score,
            1.0 / row.source,
            max(row.passage.dense or 0.0, 0.0),
            max(row.passage.focus or row.passage.dense or 0.0, 0.0),
            self._wish.person(text),
            self._wish.figure(text),
            self._wish.naming(text),
            self._wish.count(text),
            self._wish.other_year(text),
        )

    def _share(self, held: set[str] | frozenset[str]) -> float:
        return sum(self._weight[word] for word in held) / self._whole


def _in_context(item: Candidate, passages: Sequence[Passage]) -> str:
    """A sentence under its headings: "It ends in 2033" means nothing alone."""
    passage = passages[item.source - 1]
    heading = " > ".join(part for part in (passage.title, passage.section) if part)
    return f"{heading}\n{item.sentence.text}" if heading else item.sentence.text


def _candidate(row: _Row, features: tuple[float, ...], weights: Weights) -> Candidate:
    given = [getattr(weights, name) for name in FEATURES]
    score = sum(weight * value for weight, value in zip(given, features, strict=True))
    score -= _CRUMB * is_crumb(row.sentence.text)
    return Candidate(row.source, row.sentence, row.words, score, features)


FEATURES = (
    *("shared", "given", "pairs", "fused", "rank", "passage", "focus"),
    *("person", "figure", "naming", "count", "other_year"),
)
"""The order of a candidate's features; with a similarity "meaning" follows."""


def _rows(passages: Sequence[Passage], analyser: Analyser) -> Iterator[_Row]:
    for number, passage in enumerate(passages, 1):
        headings = frozenset(_subject(f"{passage.title} {passage.section or ''}", analyser))
        last: frozenset[str] = frozenset()
        for sentence in split(passage.text):
            ordered = _subject(sentence.text, analyser)
            have = frozenset(ordered)
            yield _Row(number, passage, sentence, ordered, have, headings, last)
            last = have


def _subject(text: str, analyser: Analyser) -> list[str]:
    """The words of ``text`` that can carry its subject, stemmed as the lexical index stems."""
    return analyser.words(" ".join(word for word in words(text) if word not in STOPWORDS))


def _repeats(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences say the same; other figures say something else."""
    if any(word[0].isdigit() for word in one ^ other):
        return False
    return len(one & other) >= _SAME * (min(len(one), len(other)) or 1)
