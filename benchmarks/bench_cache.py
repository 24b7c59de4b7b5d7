"""False hits and hits of the semantic cache beside plain cosine and GPTCache's distance.

Run as ``python -m benchmarks.bench_cache [--data path/to/banking77] [--json out.json]``. The data
folder holds ``train.csv`` and ``test.csv`` of Banking77 (PolyAI-LDN/task-specific-datasets).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.cache_edits import edits
from benchmarks.cache_isolation import FilteringStore, count_leaks, local_engine
from benchmarks.cache_online import Counts, seeded, stream
from benchmarks.cache_policies import PLAIN_THRESHOLD, Policy, cosine, gptcache, guarded
from benchmarks.kept_vectors import ROOT, KeptVectors
from inference.answering import prompt
from inference.cache.guards.decide import RIVAL_MARGIN
from inference.cache.guards.equivalence import difference
from inference.cache.guards.exploration import NEVER
from inference.chat_models.extractive_model import ExtractiveModel
from inference.ports import CachedAnswer, Passage, TextDelta
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.settings import VARIABLES

THRESHOLD = float(next(v.default or 0 for v in VARIABLES if v.name == "CACHE_THRESHOLD"))
PASSAGES = 6
SEED = 77
RATES = (None, 0.05, 0.02, 0.01)
"""Greatest error rates that are tried; the first promises nothing and checks occasionally."""
PLAIN = f"cosine {PLAIN_THRESHOLD}"
POLICIES: dict[str, Policy] = {
    PLAIN: cosine(PLAIN_THRESHOLD),
    "GPTCache 0.8": gptcache,
    "cosine 0.80": cosine(0.8),
    "guards alone": guarded(THRESHOLD, evidence=False),
    "ours": guarded(THRESHOLD, evidence=True),
}


class Pair(Struct, frozen=True):
    """A question that is cached and one that is asked."""

    cached: str
    asked: str


class Library:
    """The shipped corpus as a turn sees it: passages found, and the extractive answer."""

    def __init__(self, vectors: KeptVectors) -> None:
        self.vectors = vectors
        self._retriever = FaissRetriever.open(ROOT / "faiss_index", vectors)
        self._model = ExtractiveModel(lambda: vectors)
        self._found: dict[str, list[Passage]] = {}
        self._texts: dict[str, str] = {}

    def found(self, question: str) -> list[Passage]:
        """The passages of a question, as served."""
        if question not in self._found:
            self._found[question] = self._retriever.retrieve(
                question,
                self.vectors.embed([question])[0],
                k=PASSAGES,
                groups=frozenset({"public"}),
            )
        return self._found[question]

    def answer(self, question: str, score: float) -> CachedAnswer:
        """The answer that the cache would hold for ``question``."""
        if question not in self._texts:
            self._texts[question] = asyncio.run(self._said(question))
        return CachedAnswer(
            question=question,
            text=self._texts[question],
            passages=self.found(question),
            score=score,
        )

    async def _said(self, question: str) -> str:
        asked = prompt.build(question, self.found(question))
        pieces = [p.text async for p in self._model.stream(asked) if isinstance(p, TextDelta)]
        return "".join(pieces)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder of Banking77")
    parser.add_argument("--stream", type=int, default=5000, help="questions streamed, 0: all")
    parser.add_argument("--operations", type=int, default=100_000, help="on the fast store")
    parser.add_argument("--engine-operations", type=int, default=1_000, help="on local Qdrant")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "benchmarks" / "results" / "latest" / "cache.json"
    )
    arguments = parser.parse_args()
    vectors = KeptVectors()
    print(f"{vectors.model_id}; threshold {THRESHOLD}, rivals within {RIVAL_MARGIN}\n")
    result: dict[str, Any] = {"model": vectors.model_id, "threshold": THRESHOLD, "pairs": {}}
    library = Library(vectors)
    print(f"  {'share served, %':<34}{'n':>6}" + "".join(f"{name:>14}" for name in POLICIES))
    for name, pairs in pair_sets().items():
        result["pairs"][name] = row = _served(pairs, library)
        shown = "".join(f"{100 * row[p]:14.1f}" for p in POLICIES)
        print(f"  {name:<34}{len(pairs):>6}{shown}", flush=True)
    result["kept"] = _kept(pair_sets()["paraphrases (wanted)"], library)
    print(f"\n  paraphrases that cosine 0.80 serves, kept by ours: {result['kept']}")
    result["judged"] = _judged(pair_sets()["paraphrases (wanted)"], library)
    print(f"  paraphrases that ours serves, answered afresh alike: {result['judged']}")
    result["banking77"] = _banking(arguments.data, arguments.stream, vectors)
    result["isolation"] = _isolation(arguments.operations, arguments.engine_operations)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nwritten to {arguments.json}")
    return 0


def pair_sets() -> dict[str, list[Pair]]:
    """The rows of the table."""
    questions = {row["id"]: row for row in _lines(ROOT / "corpus" / "questions.jsonl")}
    sets: dict[str, list[Pair]] = {"paraphrases (wanted)": [], "near misses": []}
    for row in _lines(ROOT / "corpus" / "paraphrases.jsonl"):
        pair = Pair(questions[row["of"]]["question"], row["question"])
        sets["paraphrases (wanted)"].append(pair)
    for row in questions.values():
        if row["kind"] == "near_miss":
            pair = Pair(questions[row["of"]]["question"], row["question"])
            sets["near misses"].append(pair)
    alone = [row["question"] for row in questions.values() if row["kind"] != "follow_up"]
    for edit in edits(alone, SEED):
        sets.setdefault(f"edit: {edit.kind}", []).append(Pair(edit.cached, edit.asked))
    return sets


def _served(pairs: Sequence[Pair], library: Library) -> dict[str, float]:
    scores = _cosines(pairs, library.vectors)
    served = dict.fromkeys(POLICIES, 0)
    for pair, score in zip(pairs, scores, strict=True):
        for name, policy in POLICIES.items():
            if _serves(policy, pair, score, library):
                served[name] += 1
    return {name: count / len(pairs) for name, count in served.items()}


def _serves(policy: Policy, pair: Pair, score: float, library: Library) -> bool:
    if score < THRESHOLD and policy in (POLICIES["ours"], POLICIES["guards alone"]):
        return False
    candidates = [library.answer(pair.cached, score)]
    return policy(pair.asked, candidates, library.found(pair.asked)) is not None


def _kept(pairs: Sequence[Pair], library: Library) -> str:
    scores = _cosines(pairs, library.vectors)
    near = [(pair, s) for pair, s in zip(pairs, scores, strict=True) if s >= 0.8]
    kept = sum(_serves(POLICIES["ours"], pair, s, library) for pair, s in near)
    return f"{kept} of {len(near)}"


def _cosines(pairs: Sequence[Pair], vectors: KeptVectors) -> list[float]:
    cached = vectors.embed([pair.cached for pair in pairs])
    asked = vectors.embed([pair.asked for pair in pairs])
    return [float(score) for score in (cached * asked).sum(axis=1)]


def _banking(data: Path | None, limit: int, vectors: KeptVectors) -> dict[str, Any] | None:
    if data is None or not (data / "test.csv").is_file():
        print("\n  Banking77: skipped, no data. Give its folder: --data path/to/banking77")
        return None
    rows = [row for part in ("train", "test") for row in _rows(data / f"{part}.csv")]
    random.Random(SEED).shuffle(rows)
    rows = rows[:limit] if limit else rows
    embedded = vectors.embed([text for text, _ in rows])
    result: dict[str, Any] = {"policies": {}, "bounded": {}}
    print(f"\n  Banking77 as a stream of {len(rows)}: {'hits, %':>17}{'precision, %':>14}")
    for name in (PLAIN, "GPTCache 0.8", "cosine 0.80", "guards alone"):
        counts = stream(rows, embedded, POLICIES[name], NEVER)
        result["policies"][name] = row = _shares(counts)
        print(f"    {name:<40}{100 * row['hits']:10.1f}{100 * row['precision']:14.1f}", flush=True)
    print("\n  with a greatest error rate" + " " * 17 + "hits, %  shadows, %  wrong, % of both")
    for name in (PLAIN, "guards alone"):
        for rate in RATES:
            counts = stream(rows, embedded, POLICIES[name], seeded(rate, SEED))
            promise = "none" if rate is None else f"{rate:g}"
            result["bounded"][f"{name}, {promise}"] = row = _shares(counts)
            shown = f"{100 * row['hits']:10.1f}{100 * row['shadows']:12.1f}"
            print(f"    {name + ', ' + promise:<40}{shown}{100 * row['wrong']:14.2f}", flush=True)
    return result


def _shares(counts: Counts) -> dict[str, float]:
    return {
        "hits": counts.hits / counts.questions,
        "precision": counts.right / max(counts.hits, 1),
        "shadows": counts.shadows / counts.questions,
        "wrong": counts.wrong_share,
    }


def _judged(pairs: Sequence[Pair], library: Library) -> str:
    """What a shadow answer would say of the paraphrases that are served."""
    scores = _cosines(pairs, library.vectors)
    served = same = 0
    for pair, score in zip(pairs, scores, strict=True):
        if not _serves(POLICIES["ours"], pair, score, library):
            continue
        cached, fresh = library.answer(pair.cached, score), library.answer(pair.asked, score)
        one, other = library.vectors.embed([cached.text, fresh.text])
        served += 1
        same += (
            difference(
                cached.text,
                cached.passages,
                fresh.text,
                fresh.passages,
                cosine=float((one * other).sum()),
            )
            is None
        )
    return f"{same} of {served}"


def _isolation(operations: int, engine_operations: int) -> dict[str, dict[str, int]]:
    counted = {"fast store": count_leaks(FilteringStore(), operations, SEED)}
    with local_engine() as engine:
        counted["local Qdrant"] = count_leaks(engine, engine_operations, SEED)
    print("\n  random operations over 48 scopes")
    for name, counts in counted.items():
        print(f"    {name:<14}" + ", ".join(f"{value} {key}" for key, value in counts.items()))
    return counted


def _rows(path: Path) -> Iterable[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"].strip(), row["category"]


def _lines(path: Path) -> list[dict[str, Any]]:
    read: Callable[[str], dict[str, Any]] = json.loads
    return [read(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
