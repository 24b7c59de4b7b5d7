"""The extractive answers: how many hold the gold string, beside a plain sentence selector.

Run as ``python -m benchmarks.bench_extractive --data path/to/squad_passages``: a BEIR folder whose
queries carry ``answers``. Its even questions fitted the weights (``benchmarks.fit_extractive``),
so that the odd ones are reported apart. The shipped questions fitted nothing. ``--vectors`` keeps
the embeddings between runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from benchmarks.kept_vectors import KeptVectors
from benchmarks.question_sets import Asked, beir, shipped
from inference.chat_models.extractive_model import by_meaning
from inference.chat_models.sentence_ranking import EMBEDDED, Weights, choose, rank

DEPTHS = (1, 3)
ROUNDS = 2_000


class Row(Struct, frozen=True):
    """Which answers hold the gold string (one flag per question) under one selector."""

    questions: str
    selector: str
    held: list[bool]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    arguments = parser.parse_args()
    vectors = KeptVectors(arguments.vectors)
    rows = measure("shipped questions", [a for a in shipped(vectors) if a.answers], vectors)
    if arguments.data is None or not (arguments.data / "queries.jsonl").is_file():
        print("skipped: squad_passages. Give its folder: --data path/to/squad_passages")
    else:
        asked = beir(arguments.data, vectors)
        name = arguments.data.name
        rows += measure(f"{name}, odd half", odd(asked), vectors)
        rows += measure(f"{name}, whole", asked, vectors)
    vectors.save()
    print(f"  {'questions':<28}{'selector':<30}{'n':>6}{'share':>8}   95 % interval")
    for row in rows:
        low, high = interval(row.held)
        share = np.mean(row.held)
        print(
            f"  {row.questions:<28}{row.selector:<30}{len(row.held):>6}{share:8.3f}   "
            f"{low:.3f} to {high:.3f}"
        )
    print(f"\n  ranking one question's sentences takes {_cost_ms(shipped(vectors)):.0f} ms (p50)")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([_as_json(row) for row in rows], indent=2) + "\n")
    return 0


def odd(asked: Sequence[Asked]) -> list[Asked]:
    """The questions that fitted nothing."""
    return [item for item in asked if int(item.key.lstrip("q")) % 2]


def measure(name: str, asked: Sequence[Asked], vectors: KeptVectors) -> list[Row]:
    """Every selector over one set of questions."""
    rows = []
    ceiling = [_holds([p.text for p in item.passages], item.answers) for item in asked]
    rows.append(Row(name, "ceiling: all passages", ceiling))
    for label, order in _selectors(vectors).items():
        ranked = [order(item) for item in asked]
        for depth in DEPTHS:
            held = [_holds(s[:depth], a.answers) for s, a in zip(ranked, asked, strict=True)]
            rows.append(Row(name, f"{label}, {depth} sentence{'s' * (depth > 1)}", held))
    served = [_served(item, vectors) for item in asked]
    mean = np.mean([len(sentences) for sentences in served])
    held = [_holds(s, a.answers) for s, a in zip(served, asked, strict=True)]
    rows.append(Row(name, f"as served (mean {mean:.1f})", held))
    return rows


def interval(held: Sequence[bool], *, rounds: int = ROUNDS) -> tuple[float, float]:
    """The 95 % bootstrap interval of a share."""
    drawn = np.random.default_rng(0).integers(0, len(held), (rounds, len(held)))
    low, high = np.quantile(np.asarray(held)[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _selectors(vectors: KeptVectors) -> dict[str, Callable[[Asked], list[str]]]:
    def plain(item: Asked) -> list[str]:
        """Rare words shared, cosine and passage score, added up; nothing fitted."""
        nothing = dict.fromkeys(Weights.__struct_fields__, 0.0)
        weights = Weights(**{**nothing, "shared": 1.0, "fused": 0.25, "meaning": 1.0})
        return _texts(item, vectors, weights, embedded=10_000)

    return {
        "plain": plain,
        "ours without vectors": lambda item: [
            c.sentence.text for c in rank(item.text, item.passages)
        ],
        "ours": lambda item: _texts(item, vectors, Weights(), embedded=EMBEDDED),
    }


def _texts(item: Asked, vectors: KeptVectors, weights: Weights, *, embedded: int) -> list[str]:
    meaning = by_meaning(item.text, vectors)
    ranked = rank(item.text, item.passages, meaning, weights=weights, embedded=embedded)
    return [candidate.sentence.text for candidate in ranked]


def _served(item: Asked, vectors: KeptVectors) -> list[str]:
    chosen = choose(rank(item.text, item.passages, by_meaning(item.text, vectors)))
    return [candidate.sentence.text for candidate in chosen]


def _holds(texts: Sequence[str], answers: Sequence[str]) -> bool:
    said = [" ".join(text.lower().split()) for text in texts]
    return any(" ".join(answer.lower().split()) in text for answer in answers for text in said)


def _cost_ms(asked: Sequence[Asked], questions: int = 30) -> float:
    """The median time of ranking with fresh embeddings, one thread, milliseconds."""
    embedder = KeptVectors().fresh
    taken = []
    for item in asked[:questions]:
        began = time.perf_counter()
        rank(item.text, item.passages, by_meaning(item.text, embedder))
        taken.append(time.perf_counter() - began)
    return 1_000 * float(np.median(taken))


def _as_json(row: Row) -> dict[str, str | float]:
    low, high = interval(row.held)
    return {
        "questions": row.questions,
        "selector": row.selector,
        "n": len(row.held),
        "share": round(float(np.mean(row.held)), 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


if __name__ == "__main__":
    sys.exit(main())
