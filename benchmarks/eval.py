"""Quality of answers' evidence: one table per set, compared with the committed result.

Run as ``make eval`` (the shipped questions and index), or ``make eval DATA=path/to/scifact`` for a
folder in BEIR layout as well. Exits with 1 if a metric fell beyond noise, 2 if the data is bad.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.conversation_metrics import cache, follow_ups
from benchmarks.eval_beir import indexed
from benchmarks.eval_groups import GROUPS, Row, ours
from benchmarks.eval_rankings import opened
from benchmarks.eval_report import changes, kept, table, write
from benchmarks.eval_sets import BadData, EvalSet, read_beir, shipped
from benchmarks.grounding_metrics import abstention, citations
from copilot.index_bundle.manifest import IndexUnusable
from embed.errors import EmbedError
from inference.encoders.onnx_embedder import EmbedderUnusable, OnnxEmbedder
from inference.ports import Embedder

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
FELL, BAD_DATA = 1, 2


def main(given: Sequence[str]) -> int:
    arguments = _arguments(given)
    try:
        embedder = OnnxEmbedder(arguments.model)
        sets = _sets(arguments, embedder)
        fell = [_evaluate(found, embedder, arguments) for found in sets]
    except (BadData, IndexUnusable, EmbedderUnusable, EmbedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_DATA
    return FELL if any(fell) else 0


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eval", description=__doc__)
    parser.add_argument(
        "--data", type=Path, action="append", default=[], help="a BEIR folder; may be repeated"
    )
    parser.add_argument("--only-data", action="store_true", help="leave the shipped set out")
    parser.add_argument("--split", default="test", help="the judgements to use: qrels/SPLIT.tsv")
    parser.add_argument("--questions", type=Path, default=ROOT / "corpus" / "questions.jsonl")
    parser.add_argument("--index", type=Path, default=ROOT / "faiss_index")
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the committed results")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / ".local" / "eval", help="built indexes"
    )
    parser.add_argument(
        "--accept", action="store_true", help="make this the result to compare with"
    )
    return parser.parse_args(given)


def _sets(arguments: argparse.Namespace, embedder: Embedder) -> list[EvalSet]:
    if arguments.only_data and not arguments.data:
        raise BadData("--only-data needs --data FOLDER")
    # Everything is read before anything is embedded: bad data shows at once.
    folders = [read_beir(folder, arguments.split) for folder in arguments.data]
    sets = [] if arguments.only_data else [shipped(arguments.questions, arguments.index)]
    return [*sets, *(indexed(folder, arguments.cache, embedder) for folder in folders)]


def _evaluate(found: EvalSet, embedder: Embedder, arguments: argparse.Namespace) -> bool:
    """Measure one set, print and keep it; return whether a metric fell beyond noise."""
    held = opened(found, embedder)
    groups = [*GROUPS, citations, abstention, follow_ups, cache]
    rows: list[Row] = [row for group in groups for row in group(held)]
    print(table(found.name, rows), end="\n\n")
    facts: dict[str, str | int] = {
        "corpus_version": held.retriever.corpus_version,
        "chunks": len(held.store),
        "model": embedder.model_id,
    }
    result = kept(found.name, rows, facts)
    committed = arguments.results / f"{found.name}.json"
    fell = False
    if committed.is_file() and not arguments.accept:
        moved = changes(ours(rows), committed)
        for change in moved:
            gap = change.difference
            if gap.mean:
                word = "FELL" if change.fell else "moved"
                print(f"{word}: {change.metric} {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]")
        fell = any(change.fell for change in moved)
        print(f"{found.name}: {'worse than' if fell else 'holds against'} {committed.name}\n")
    else:
        print(f"{found.name}: nothing to compare with; --accept keeps this result\n")
    write(arguments.results / ("" if arguments.accept else "latest") / committed.name, result)
    return fell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
