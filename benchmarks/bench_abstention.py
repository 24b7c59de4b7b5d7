"""Abstention: the weights of ``inference.grounding.evidence``, fitted, and its error rates.

Run as ``make bench-abstention DATA=path/to/squad_passages ARGS="--foreign path/to/banking77"``.

Answerable questions are those of the BEIR folder (``queries`` with ``answers``) and the shipped
ones. Each of them is asked a second time of the same documents without those that answer it: an
unanswerable question of the domain, at scale. Foreign ones are asked of documents about something
else. The even questions of the folder, the shipped ones and half of the foreign ones fit the
weights; the odd ones, the other foreign ones and the unanswerable questions that were written for
the sample corpus fit nothing. Shipped answerable questions are shown cross-validated.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchmarks.eval_beir import SENTENCE_LEAD, holdings_of
from benchmarks.eval_sets import BadData, read_beir, read_records
from benchmarks.kept_vectors import ROOT, KeptVectors
from benchmarks.question_sets import PASSAGES, QUESTIONS, questions_of
from embed.build import build
from embed.embedded import WORDING, Wording
from embed.engine import LocalEngine
from embed.holdings import Held
from embed.reading import Reading
from embed.sources import find_sources
from inference.grounding.evidence import ENOUGH, WEIGHTS, Strength, strength
from inference.retrieval.faiss_retriever import FaissRetriever

FOLDS = 5
FOREIGN = 300
RIDGE = 1.0
REFUSED = 0.05
"""The share of answerable questions that may be refused; sets the threshold."""

Values = NDArray[np.float64]


class Group(Struct, frozen=True):
    """Questions of one kind with the strength of their evidence, asked of one corpus.

    ``weight`` is what the group weighs in the fit, whatever its size; 0: it fits nothing.
    """

    corpus: str
    name: str
    answerable: bool
    weight: float
    strengths: list[Strength]

    @property
    def features(self) -> Values:
        """One row per question, one column per measure."""
        return np.array([[getattr(s, name) for name in WEIGHTS] for s in self.strengths])

    @property
    def served(self) -> Values:
        """The chance of an answer as served, one per question."""
        return np.array([item.chance for item in self.strengths])


class Corpus:
    """Documents of which any can be hidden from a question, by giving each a group of its own."""

    def __init__(
        self,
        holdings: Iterable[Held],
        folder: Path,
        vectors: KeptVectors,
        wording: Wording = WORDING,
    ) -> None:
        self._groups: dict[str, set[str]] = {}
        build(
            map(self._alone, holdings),
            folder,
            vectors,
            engine=LocalEngine(),
            reuse=False,
            report=lambda *_: None,
            wording=wording,
        )
        self._retriever = FaissRetriever.open(folder, vectors)
        self._vectors = vectors

    def _alone(self, held: Held) -> Held:
        """The document in a group of its own; its groups are remembered."""
        path = held.record.path
        self._groups[path] = set(held.record.groups)
        return replace(held, record=msgspec.structs.replace(held.record, groups=[path]))

    def ask(
        self,
        questions: Sequence[str],
        hidden: Sequence[set[str]] | None = None,
        readers: Sequence[set[str]] | None = None,
    ) -> list[Strength]:
        """The evidence for each question among the documents that its reader may see, without
        those hidden from it."""
        found = []
        for number, vector in enumerate(self._vectors.embed(questions)):
            reader = readers[number] if readers else {"public"}
            seen = {path for path, groups in self._groups.items() if groups & reader}
            passages = self._retriever.retrieve(
                questions[number],
                vector,
                k=PASSAGES,
                groups=frozenset(seen - (hidden[number] if hidden else set())),
            )
            found.append(strength(questions[number], passages))
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--foreign", type=Path, action="append", default=[])
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    arguments = parser.parse_args()
    if arguments.data is None or not arguments.foreign:
        print("Needs public questions: DATA=path/to/squad_passages", file=sys.stderr)
        print('and foreign ones: ARGS="--foreign path/to/banking77"', file=sys.stderr)
        return 2
    vectors = KeptVectors(arguments.vectors)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            groups = list(measured(arguments.data, arguments.foreign, vectors, Path(scratch)))
    except BadData as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    vectors.save()
    _print_fit(groups)
    _print_rates(groups)
    return 0


def measured(
    data: Path, foreign: Sequence[Path], vectors: KeptVectors, scratch: Path
) -> Iterator[Group]:
    """Every group, asked of the shipped documents and of those of ``data``."""
    folder = read_beir(data, "test")
    asked = [item for item in folder.asked if item.answers]
    if not asked:
        raise BadData(f"No question of {data} carries answers.")
    paths = [key for key, _, _ in folder.passages]
    other = Corpus(holdings_of(folder), scratch / "other", vectors, SENTENCE_LEAD)
    for half, name, weight in ((0, "fitted half", 1.0), (1, "other half", 0.0)):
        part = [item for item in asked if int(item.id.lstrip("q")) % 2 == half]
        texts = [item.text for item in part]
        gold = [{paths[number] for number in item.grades} for item in part]
        yield Group(data.name, f"answerable, {name}", True, weight, other.ask(texts))
        yield Group(data.name, f"its passage hidden, {name}", False, weight, other.ask(texts, gold))
    sources = find_sources([ROOT / "corpus" / "documents"])
    reading = Reading(sources, LocalEngine(), default_groups=["public"])
    own = Corpus(reading, scratch / "own", vectors)
    records = [r for r in read_records(QUESTIONS) if r["kind"] != "follow_up"]
    told = [r for r in records if r["span"] is not None]
    texts = [r["question"] for r in told]
    readers = [set(r.get("groups", ["public"])) for r in told]
    gold = [{r["document"], *r.get("also", [])} for r in told]
    yield Group("shipped", "answerable", True, 1.0, own.ask(texts, None, readers))
    yield Group("shipped", "its documents hidden", False, 1.0, own.ask(texts, gold, readers))
    untold = [r["question"] for r in records if r["span"] is None]
    yield Group("shipped", "unanswerable as written", False, 0.0, own.ask(untold))
    for path in (data, *foreign):
        strangers = sorted(questions_of(path))
        random.Random(0).shuffle(strangers)
        fitted, kept = strangers[:FOREIGN], strangers[FOREIGN : 2 * FOREIGN]
        of = other if path != data else own
        corpus = data.name if path != data else "shipped"
        yield Group(corpus, f"foreign: {path.name}", False, 1.0, of.ask(fitted))
        yield Group("shipped", f"foreign: {path.name}, others", False, 0.0, own.ask(kept))
    yield Group(data.name, "foreign: shipped questions", False, 0.0, other.ask(texts + untold))


def auroc(answerable: Values, others: Values) -> float:
    """The chance that an answerable question scores above another one; ties count half."""
    above = answerable[:, None] > others
    return float(above.mean() + 0.5 * (answerable[:, None] == others).mean())


def fit(features: Values, labels: Values, weights: Values) -> Values:
    """Logistic regression with a ridge on standardised features, by Newton's method: bias first,
    shape ``(features + 1,)``, in units of the features as given."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    given = np.column_stack([np.ones(len(features)), (features - middle) / spread])
    ridge = RIDGE * np.diag([0.0, *np.ones(features.shape[1])])
    found = np.zeros(given.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-given @ found))
        slope = given.T @ (weights * (chance - labels)) + ridge @ found
        curve = (given.T * (weights * chance * (1 - chance))) @ given
        found -= np.linalg.solve(curve + ridge, slope)
    slopes = found[1:] / spread
    return np.array([found[0] - slopes @ middle, *slopes])


def _chance(weights: Values, features: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-(weights[0] + features @ weights[1:]))))


def _fitted(groups: Sequence[Group], fold: int | None = None) -> Values:
    """The weights without the questions of ``fold``; every group weighs as many."""
    features, labels, weights = [], [], []
    for group in groups:
        kept = np.arange(len(group.strengths)) % FOLDS != (-1 if fold is None else fold)
        features.append(group.features[kept])
        labels.append(np.full(kept.sum(), float(group.answerable)))
        weights.append(np.full(kept.sum(), 500 * group.weight / kept.sum()))
    return fit(np.vstack(features), np.concatenate(labels), np.concatenate(weights))


def _print_fit(groups: Sequence[Group]) -> None:
    fitting = [group for group in groups if group.weight]
    found = _fitted(fitting)
    print(
        f"fitted: bias {found[0]:.1f}, "
        + ", ".join(f"{name} {weight:.1f}" for name, weight in zip(WEIGHTS, found[1:], strict=True))
    )
    held = {group.corpus + group.name: np.empty(len(group.strengths)) for group in fitting}
    for fold in range(FOLDS):
        weights = _fitted(fitting, fold)
        for group in fitting:
            here = np.arange(len(group.strengths)) % FOLDS == fold
            held[group.corpus + group.name][here] = _chance(weights, group.features[here])
    answerable = [held[g.corpus + g.name] for g in fitting if g.answerable]
    limits = [float(np.quantile(chances, REFUSED)) for chances in answerable]
    print(
        f"cross-validated: {REFUSED:.0%} of the answerable lie below "
        + " and ".join(f"{limit:.2f}" for limit in limits)
        + f"; served: {ENOUGH}"
    )
    for group in fitting:
        chances = held[group.corpus + group.name]
        wrong = np.mean((chances >= ENOUGH) != group.answerable)
        print(f"  {group.corpus:<16}{group.name:<36}{len(chances):>6}{wrong:8.1%}")


def _print_rates(groups: Sequence[Group]) -> None:
    print(f"\nas served\n  {'asked of':<16}{'questions':<36}{'n':>6}{'wrong':>8}{'AUROC':>8}")
    for group in groups:
        wrong = np.mean((group.served >= ENOUGH) != group.answerable)
        own = np.concatenate(
            [g.served for g in groups if g.answerable and g.corpus == group.corpus]
        )
        area = "" if group.answerable else f"{auroc(own, group.served):8.3f}"
        fits = "" if group.weight else "  fitted nothing"
        print(
            f"  {group.corpus:<16}{group.name:<36}{len(group.strengths):>6}{wrong:8.1%}{area:>8}"
            f"{fits}"
        )


if __name__ == "__main__":
    sys.exit(main())
