"""Fit the weights of ``inference.chat_models.sentence_ranking`` on half of a BEIR folder.

The even questions are those fitted on.

Run as ``python -m benchmarks.fit_extractive --data path/to/squad_passages``; prints the weights to
be committed there. The loss is the softmax over one question's sentences against those that hold
the gold string in the gold passage, with a little ridge; gradient descent, no randomness.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kept_vectors import KeptVectors
from benchmarks.question_sets import Asked, beir
from inference.chat_models.extractive_model import by_meaning
from inference.chat_models.sentence_ranking import EMBEDDED, FEATURES, is_crumb, rank

STEPS = 400
RATE = 0.1
RIDGE = 1e-3

Example = tuple[NDArray[np.float64], NDArray[np.float64]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    arguments = parser.parse_args()
    vectors = KeptVectors(arguments.vectors)
    asked = beir(arguments.data, vectors)
    even = [item for item in asked if int(item.key.lstrip("q")) % 2 == 0]
    examples = [e for item in even if (e := example(item, vectors)) is not None]
    vectors.save()
    names = [*FEATURES, "meaning"]
    print(f"{len(examples)} of {len(even)} questions can be answered from their gold passage")
    for name, weight in zip(names, fit(examples), strict=True):
        print(f"    {name}: float = {weight:.1f}")
    return 0


def example(item: Asked, vectors: KeptVectors) -> Example | None:
    """The features of a question's sentences and which of them answer it."""
    gold = [n for n, p in enumerate(item.passages, 1) if p.chunk_id == item.gold]
    ranked = rank(item.text, item.passages, by_meaning(item.text, vectors), embedded=2 * EMBEDDED)
    ranked = [candidate for candidate in ranked if not is_crumb(candidate.sentence.text)]
    answers = [answer.lower() for answer in item.answers]
    right = [
        candidate.source in gold and any(a in candidate.sentence.text.lower() for a in answers)
        for candidate in ranked
    ]
    if not any(right):
        return None
    return np.array([c.features for c in ranked]), np.array(right, dtype=np.float64)


def fit(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Maximise the likelihood of the right sentences, by Adam over all examples at once."""
    weights = np.zeros(examples[0][0].shape[1])
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        slope = RIDGE * weights - _slope(weights, examples) / len(examples)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        scaled = np.sqrt(square / (1 - 0.999**step)) + 1e-8
        weights -= RATE * (mean / (1 - 0.9**step)) / scaled
    return weights


def _slope(weights: NDArray[np.float64], examples: Sequence[Example]) -> NDArray[np.float64]:
    total = np.zeros_like(weights)
    for features, right in examples:
        scores = features @ weights
        chance = np.exp(scores - scores.max())
        chance /= chance.sum()
        wanted = chance * right
        total += features.T @ (wanted / wanted.sum() - chance)
    return total


if __name__ == "__main__":
    sys.exit(main())
