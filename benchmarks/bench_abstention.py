"""Abstention: the weights of ``inference.evidence``, fitted, and both of its error rates.

Run as ``python -m benchmarks.bench_abstention --data path/to/squad_passages --foreign
path/to/squad_passages --foreign path/to/banking77``. Fitted on the shipped questions against
unanswerable and foreign ones (asked of the energy corpus), cross-validated in five folds.
``--data`` then shows a corpus that fitted nothing; there "unanswerable" means that the gold passage
was taken away.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchmarks.kept_vectors import KeptVectors
from benchmarks.question_sets import PASSAGES, ask_index, beir, questions_of, shipped
from inference.evidence import ENOUGH, Strength, strength
from inference.ports import Passage

FOLDS = 5
FOREIGN = 300
RIDGE = 1e-2
IN_DOMAIN = 0.25
"""What unanswerable questions of the domain weigh in the fit, of all that is to be refused: cosine
and words cannot tell most of them from answerable ones, and more weight only blurs the rest."""

Values = NDArray[np.float64]


class Group(Struct, frozen=True):
    """Questions of one kind with the strength of their evidence."""

    name: str
    answerable: bool
    strengths: list[Strength]

    @property
    def chances(self) -> Values:
        """The chance of an answer as served, one per question."""
        return np.array([item.chance for item in self.strengths])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--foreign", type=Path, action="append", default=[])
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    arguments = parser.parse_args()
    vectors = KeptVectors(arguments.vectors)
    groups = own(vectors) + [foreign(path, vectors) for path in arguments.foreign]
    if len(groups) > 2:
        _print_fit(groups)
    else:
        print("skipped: fitting. Give foreign questions: --foreign path/to/banking77")
    _print_rates("shipped index", groups)
    if arguments.data is not None and (arguments.data / "queries.jsonl").is_file():
        _print_rates(arguments.data.name, other_corpus(arguments.data, vectors))
    else:
        print("skipped: another corpus. Give its folder: --data path/to/squad_passages")
    vectors.save()
    return 0


def own(vectors: KeptVectors) -> list[Group]:
    """The shipped questions that the corpus answers, and those that it does not."""
    asked = shipped(vectors)
    return [
        Group(
            name,
            answerable,
            [strength(a.text, a.passages) for a in asked if bool(a.answers) == answerable],
        )
        for name, answerable in (("answerable", True), ("in the domain, unanswerable", False))
    ]


def foreign(path: Path, vectors: KeptVectors) -> Group:
    """Questions about something else, asked of the shipped index."""
    texts = sorted(questions_of(path))
    random.Random(0).shuffle(texts)
    return Group(f"foreign: {path.name}", False, _asked(texts[:FOREIGN], vectors))


def other_corpus(folder: Path, vectors: KeptVectors) -> list[Group]:
    """A BEIR folder's questions, with their gold passage and without it."""
    asked = beir(folder, vectors, k=PASSAGES + 1)
    without = [[p for p in item.passages if p.chunk_id != item.gold][:PASSAGES] for item in asked]
    return [
        Group("answerable", True, [strength(a.text, a.passages[:PASSAGES]) for a in asked]),
        Group(
            "gold passage taken away",
            False,
            [strength(a.text, rest) for a, rest in zip(asked, without, strict=True)],
        ),
    ]


def auroc(answerable: Values, others: Values) -> float:
    """The chance that an answerable question scores above another one; ties count half."""
    above = answerable[:, None] > others
    return float(above.mean() + 0.5 * (answerable[:, None] == others).mean())


def fit(features: Values, labels: Values, weights: Values) -> Values:
    """Logistic regression by Newton's method: bias first, shape ``(features + 1,)``."""
    given = np.column_stack([np.ones(len(features)), features])
    found = np.zeros(given.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-given @ found))
        slope = given.T @ (weights * (chance - labels)) + RIDGE * found
        curve = (given.T * (weights * chance * (1 - chance))) @ given
        found -= np.linalg.solve(curve + RIDGE * np.eye(len(found)), slope)
    return found


def _asked(texts: Sequence[str], vectors: KeptVectors) -> list[Strength]:
    found: list[list[Passage]] = ask_index(list(texts), vectors)
    return [strength(text, passages) for text, passages in zip(texts, found, strict=True)]


def _print_fit(groups: Sequence[Group]) -> None:
    """Fit with answerable and other questions weighing the same."""
    features = np.array([[s.cosine, s.coverage] for group in groups for s in group.strengths])
    kinds = np.array([n for n, group in enumerate(groups) for _ in group.strengths])
    labels = (kinds == 0).astype(float)
    share = {0: 1.0, 1: IN_DOMAIN} | {
        n: (1 - IN_DOMAIN) / (len(groups) - 2) for n in range(2, len(groups))
    }
    count = len(groups[0].strengths)
    weights = np.array([share[k] * count / len(groups[k].strengths) for k in kinds.tolist()])
    found = fit(features, labels, weights)
    print(f"fitted: bias {found[0]:.1f}, cosine {found[1]:.1f}, coverage {found[2]:.1f}")
    folds = np.arange(len(features)) % FOLDS
    chance = np.empty(len(features))
    for fold in range(FOLDS):
        here = folds == fold
        held = fit(features[~here], labels[~here], weights[~here])
        chance[here] = 1 / (1 + np.exp(-(held[0] + features[here] @ held[1:])))
    own_chance, others = chance[kinds == 0], chance[kinds > 1]
    print(
        f"cross-validated: AUROC {auroc(own_chance, others):.4f} against foreign questions; "
        f"one answerable question in forty lies below {np.quantile(own_chance, 0.025):.2f}; "
        f"at {ENOUGH} {np.mean(own_chance < ENOUGH):.1%} are refused, "
        f"{np.mean(others >= ENOUGH):.1%} of the foreign ones answered"
    )


def _print_rates(corpus: str, groups: Sequence[Group]) -> None:
    print(f"\n  {corpus:<32}{'n':>6}{'wrong':>8}{'AUROC':>8}")
    for group in groups:
        refused = float(np.mean(group.chances < ENOUGH))
        wrong = refused if group.answerable else 1 - refused
        area = "" if group.answerable else f"{auroc(groups[0].chances, group.chances):8.3f}"
        print(f"  {group.name:<32}{len(group.strengths):>6}{wrong:8.1%}{area}")


if __name__ == "__main__":
    sys.exit(main())
