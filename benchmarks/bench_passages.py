"""What each step from a ranking to the passages of a prompt gives and costs.

Run as ``python -m benchmarks.bench_passages [--data FOLDER ...]``: near-duplicate removal, the cap
per document, whole clauses and newness over the shipped questions, six passages as served. With
``--data``, folders of documents (as ``python -m embed build`` reads them), also how many of their
chunks cut a clause.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.eval_sets import Asked, EvalSet, folded, shipped
from benchmarks.kept_vectors import KeptVectors
from embed.draft import write_draft
from embed.engine import LocalEngine
from embed.reading import Reading
from embed.sources import find_sources
from inference.ports import Passage
from inference.retrieval.chunk_store import ChunkStore
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.retrieval.neighbours import Neighbours
from inference.retrieval.selection import PER_DOCUMENT, Choices

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT / "corpus" / "documents"
K = 6
"""As served: the default of RETRIEVED_PASSAGES."""
REPEATS = 5
_YEAR = re.compile(r"\s*\b(?:in|for|of)?\s*(?:calendar\s+)?(20\d\d)\b,?")

Served = Callable[[Asked], list[Passage]]


@dataclass
class Bench:
    """The shipped questions with their vectors, and a retriever per choice."""

    asked: EvalSet
    vectors: KeptVectors

    def served(self, choices: Choices) -> Served:
        reader = FaissRetriever.open(self.asked.bundle, self.vectors, choices)

        def serve(asked: Asked) -> list[Passage]:
            vector = self.vectors.embed([asked.text])[0]
            return reader.retrieve(asked.text, vector, k=K, groups=asked.groups)

        return serve

    def ranked(self) -> Served:
        """The first six of the ranking, near-duplicates and all."""
        reader = FaissRetriever.open(self.asked.bundle, self.vectors)

        def serve(asked: Asked) -> list[Passage]:
            vector = self.vectors.embed([asked.text])[0]
            ranked = reader.rank(asked.text, vector, groups=asked.groups)
            return list(islice(reader.passages(ranked, {}), K))

        return serve


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", default=[], help="documents")
    arguments = parser.parse_args()
    asked = shipped(ROOT / "corpus" / "questions.jsonl", ROOT / "faiss_index")
    bench = Bench(asked, KeptVectors())
    bench.vectors.embed([a.text for a in asked.asked])
    _selection(bench)
    _clauses([DOCUMENTS, *arguments.data])
    _newest(bench)
    return 0


def _selection(bench: Bench) -> None:
    store = ChunkStore(bench.asked.bundle)
    numbers = {store.chunk(n).id: n for n in range(len(store))}
    documents = {d.path: n for n, d in enumerate(store.documents)}
    many = sum(len(a.answer_documents) > 1 for a in bench.asked.asked)
    print(f"{len(bench.asked.asked)} shipped questions, {many} answered by several documents\n")
    print("| passages | recall@6 | documents in six | of those that answer | answer in six | ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    plain = Choices(per_document=0, whole_clauses=False)
    systems: dict[str, Served] = {
        "first six of the ranking": bench.ranked(),
        "near-duplicates once": bench.served(plain),
        **{
            f"and at most {cap} of a document{', as served' if cap == PER_DOCUMENT else ''}": (
                bench.served(Choices(per_document=cap, whole_clauses=False))
            )
            for cap in (1, 2, 3, 4)
        },
        "and whole clauses, as served": bench.served(Choices()),
    }
    for name, serve in systems.items():
        found: dict[str, list[Passage]] = {}
        times: list[float] = []
        for _ in range(REPEATS):
            for asked in bench.asked.asked:
                began = time.perf_counter()
                found[asked.id] = serve(asked)
                times.append((time.perf_counter() - began) * 1000)
        hits, spread, covered, answered = [], [], [], []
        for asked in bench.asked.asked:
            passages = found[asked.id]
            gold = [p for p in passages if numbers[p.chunk_id] in asked.grades]
            hits.append(bool(gold))
            spread.append(len({p.document for p in passages}))
            answered.append(_says(asked, passages, documents))
            if len(asked.answer_documents) > 1:
                told = {documents[p.document] for p in gold}
                covered.append(len(told) / len(asked.answer_documents))
        print(
            f"| {name} | {statistics.mean(hits):.3f} | {statistics.mean(spread):.2f} | "
            f"{statistics.mean(covered):.3f} | {statistics.mean(answered):.3f} | "
            f"{statistics.median(times):.2f} |"
        )


def _says(asked: Asked, passages: list[Passage], documents: dict[str, int]) -> bool:
    texts = [folded(p.text) for p in passages if documents[p.document] in asked.answer_documents]
    return any(answer in text for answer in asked.answers for text in texts)


def _clauses(folders: list[Path]) -> None:
    print("\n| documents | chunks | made whole | characters added to one | µs a passage |")
    print("| --- | --- | --- | --- | --- |")
    for folder in folders:
        with tempfile.TemporaryDirectory() as scratch:
            reading = Reading(find_sources([folder]), LocalEngine(), default_groups=["x"])
            write_draft(Path(scratch), reading)
            store = ChunkStore(Path(scratch))
            neighbours = Neighbours(store)
            passages = list(_all_passages(store))
            began = time.perf_counter()
            done = [neighbours.completed(p, number) for number, p in enumerate(passages)]
            spent = (time.perf_counter() - began) * 1e6 / len(passages)
        pairs = zip(passages, done, strict=True)
        added = [len(after.text) - len(before.text) for before, after in pairs]
        longer = [more for more in added if more]
        share = f"{len(longer)} ({len(longer) / len(passages):.1%})"
        mean = f"{statistics.mean(longer):.0f}" if longer else ""
        name = f"{folder.parent.name}/{folder.name}"
        print(f"| {name} | {len(passages)} | {share} | {mean} | {spent:.0f} |")


def _all_passages(store: ChunkStore) -> Iterator[Passage]:
    for number in range(len(store)):
        chunk = store.chunk(number)
        document = store.documents[chunk.document]
        yield Passage(
            chunk_id=chunk.id,
            document=document.path,
            title=document.title,
            text=store.text(chunk),
            start=chunk.start,
            end=chunk.end,
            score=1.0,
        )


def _newest(bench: Bench) -> None:
    """Questions that name a year, of documents that exist for several years, asked for the latest
    instead: how often the first passage is of the newest document of the family."""
    store = ChunkStore(bench.asked.bundle)
    paths = [d.path for d in store.documents]
    wanted: list[tuple[Asked, str]] = []
    for asked in bench.asked.asked:
        answering = {paths[n] for n in asked.answer_documents}
        family = [p for p in paths if any(_family(p) == _family(a) for a in answering)]
        if len(set(_YEAR.findall(asked.text))) == 1 and len(family) > 1:
            wanted.append((asked, max(family, key=_family_year)))
    reader = FaissRetriever.open(bench.asked.bundle, bench.vectors)
    print(f"\n{len(wanted)} questions after the latest of documents of several years\n")
    print("| question | first passage is of the newest document |")
    print("| --- | --- |")
    for opening in ("", "latest: "):
        right = 0
        for asked, newest in wanted:
            text = opening + _YEAR.sub("", asked.text).strip()
            vector = bench.vectors.embed([_YEAR.sub("", asked.text).strip()])[0]
            found = reader.retrieve(text, vector, k=K, groups=asked.groups)
            right += bool(found) and found[0].document == newest
        name = "asks for the latest" if opening else "names no time"
        print(f"| {name} | {right} of {len(wanted)} |")


def _family(path: str) -> str:
    """What the documents of several years have in common."""
    return re.sub(r"20\d\d", "", Path(path).stem)


def _family_year(path: str) -> str:
    return re.sub(r"\D", "", Path(path).stem)


if __name__ == "__main__":
    sys.exit(main())
