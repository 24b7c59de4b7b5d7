"""Retrieval quality on a BEIR folder: nDCG@10 of dense, lexical, reciprocal-rank and min-max.

Run as ``python -m benchmarks.bench_retrieval --data path/to/scifact``. The folder holds
``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``. Every passage is one chunk, so that the
figures compare with published ones.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embed.lexical_writer import LexicalWriter
from inference.encoders.onnx_embedder import OnnxEmbedder
from inference.retrieval.fusion import DENSE_WEIGHT, min_max_fusion
from inference.retrieval.lexical_index import LexicalIndex
from inference.text.words import Analyser

ROOT = Path(__file__).resolve().parents[1]
DEPTH = 100
RANK_CONSTANT = 60
Scores = NDArray[np.float32]
Ranking = Callable[[Scores, Scores], NDArray[np.int64]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder in BEIR layout")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    arguments = parser.parse_args()
    if arguments.data is None or not (arguments.data / "corpus.jsonl").is_file():
        print("skipped: no data. Give a BEIR folder, for example SciFact: --data path/to/scifact")
        return 0
    passages = {r["_id"]: f"{r['title']}. {r['text']}" for r in _lines(arguments.data, "corpus")}
    relevant = _relevant(arguments.data, arguments.split)
    questions = {r["_id"]: r["text"] for r in _lines(arguments.data, "queries")}
    asked = {key: questions[key] for key in relevant}

    embedder = OnnxEmbedder(arguments.model)
    started = time.perf_counter()
    dense = _embedded(embedder, list(passages.values()))
    seconds = time.perf_counter() - started
    vectors = embedder.embed(list(asked.values()))
    words = Analyser().words
    with tempfile.TemporaryDirectory() as scratch:
        writer = LexicalWriter(Path(scratch) / "blocks")
        for text in passages.values():
            writer.add(words(text))
        writer.write(Path(scratch) / "lexical")
        lexical = LexicalIndex(Path(scratch) / "lexical", chunks=len(passages))
        rows = [
            (relevant[key], dense @ vector, lexical.scores(words(text)))
            for (key, text), vector in zip(asked.items(), vectors, strict=True)
        ]
    names = list(passages)
    print(
        f"{arguments.data.name}/{arguments.split}: {len(passages)} passages, {len(asked)} questions"
    )
    print(f"{embedder.model_id}, {len(passages) / seconds:.1f} passages/s embedded\n")
    print(f"  {'ranking':<28}{'nDCG@10':>9}{'recall@10':>11}")
    for label, rank in _rankings().items():
        ranked = [([names[i] for i in rank(d, s)[:10]], gold) for gold, d, s in rows]
        quality = np.mean([_ndcg(found, gold) for found, gold in ranked])
        recall = np.mean([len(gold.keys() & found) / len(gold) for found, gold in ranked])
        print(f"  {label:<28}{quality:9.4f}{recall:11.4f}")
    return 0


def _rankings() -> dict[str, Ranking]:
    def fused(weight: float) -> Ranking:
        def rank(dense: Scores, lexical: Scores) -> NDArray[np.int64]:
            union = np.union1d(_top(dense), _top(lexical))
            score = min_max_fusion(dense[union], lexical[union], weight=weight)
            return np.asarray(union[np.lexsort((union, -score))])

        return rank

    return {
        "dense": lambda dense, _: _top(dense),
        "lexical (BM25)": lambda _, lexical: _top(lexical),
        "reciprocal rank, k = 60": _reciprocal,
        **{f"min-max, {w:.1f} dense": fused(w) for w in (0.3, 0.4, 0.5, 0.6, 0.7)},
        f"min-max as served ({DENSE_WEIGHT})": fused(DENSE_WEIGHT),
    }


def _reciprocal(dense: Scores, lexical: Scores) -> NDArray[np.int64]:
    total = np.zeros(len(dense))
    for scores in (dense, lexical):
        top = _top(scores)
        total[top] += 1.0 / (RANK_CONSTANT + 1 + np.arange(len(top)))
    return np.argsort(-total, kind="stable")[: 2 * DEPTH]


def _top(scores: Scores) -> NDArray[np.int64]:
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return np.asarray(order[scores[order] > 0])


def _ndcg(found: list[str], gold: dict[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain with exponential gains (trec_eval agrees for 0/1)."""

    def gain(grades: list[int]) -> float:
        return float(sum((2**g - 1) / np.log2(i + 2) for i, g in enumerate(grades[:depth])))

    best = gain(sorted(gold.values(), reverse=True))
    return gain([gold.get(name, 0) for name in found]) / best if best else 0.0


def _embedded(embedder: OnnxEmbedder, texts: list[str]) -> Scores:
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    windows = [order[i : i + 64] for i in range(0, len(order), 64)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = pool.map(lambda rows: embedder.embed([texts[i] for i in rows]), windows)
        for rows, batch in zip(windows, work, strict=True):
            vectors[rows] = batch
    return vectors


def _lines(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _relevant(folder: Path, split: str) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    # Most sets keep their judgements in qrels/, some in one file.
    nested = folder / "qrels" / f"{split}.tsv"
    path = nested if nested.is_file() else folder / "qrels.tsv"
    for line in path.read_text("utf-8").splitlines()[1:]:
        question, passage, grade = line.split("\t")[:3]
        if int(grade) > 0:
            grades[question][passage] = int(grade)
    return dict(grades)


if __name__ == "__main__":
    sys.exit(main())
