"""What int8 vectors of documents cost in quality, questions in fp32: nDCG@10 beside fp32, paired.

Run as ``make bench-precision`` for the shipped questions, with ``DATA=FOLDER`` for a folder in BEIR
layout too. Both indexes hold the same chunks and windows, built by the same code. The difference
has a 95 % bootstrap interval over questions; ``equal`` says that it holds zero and that the
difference is below 0.005. ``--passages`` takes the judged passages of a folder first and then
others, and asks what has all its passages among them; ``--questions`` asks the first so many.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.eval_beir import indexed
from benchmarks.eval_groups import retrieval
from benchmarks.eval_metrics import Interval, paired
from benchmarks.eval_rankings import OURS, opened
from benchmarks.eval_sets import BadData, BeirFolder, EvalSet, read_beir, shipped
from embed.build import build
from embed.engine import LocalEngine
from embed.errors import EmbedError
from embed.precision import PRECISIONS, open_embedder
from embed.reading import Reading
from embed.sources import find_sources
from inference.encoders.onnx_embedder import OnnxEmbedder

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ("dense", OURS)
METRIC = "nDCG@10"
MARGIN = 0.005

Scores = dict[str, dict[str, float]]
"""By system, then by question."""


def main() -> int:
    arguments = _arguments()
    try:
        folders = [
            part_of(read_beir(folder, "test"), arguments.passages, arguments.questions)
            for folder in arguments.data
        ]
        questions = OnnxEmbedder(arguments.model)
        with TemporaryDirectory() as directory:
            found: dict[str, dict[str, Scores]] = {}
            for precision in PRECISIONS:
                embedder = open_embedder(arguments.model, precision)
                cache = Path(directory) / precision
                sets = [] if arguments.only_data else [_shipped(cache, embedder)]
                sets += [indexed(folder, cache, embedder) for folder in folders]
                for one in sets:
                    found.setdefault(one.name, {})[precision] = scores(one, questions)
    except (BadData, EmbedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("| set | questions | ranking | fp32 | int8 | difference | |")
    print("|---|---:|---|---:|---:|---:|---|")
    for name, precisions in found.items():
        for system in SYSTEMS:
            full, reduced = (precisions[precision][system] for precision in PRECISIONS)
            print(_row(name, system, full, reduced))
    return 0


def part_of(folder: BeirFolder, passages: int, questions: int) -> BeirFolder:
    """At most so many passages, the judged ones first, and questions that can be answered there."""
    judged = {number for asked in folder.asked for number in asked.grades}
    order = sorted(range(len(folder.passages)), key=lambda number: (number not in judged, number))
    place = {number: at for at, number in enumerate(order[:passages])}
    asked = [
        replace(one, grades={place[n]: grade for n, grade in one.grades.items()})
        for one in folder.asked
        if one.grades.keys() <= place.keys()
    ]
    kept = [folder.passages[number] for number in place]
    return replace(folder, passages=kept, asked=asked[:questions])


def scores(evaluated: EvalSet, questions: OnnxEmbedder) -> Scores:
    """nDCG@10 of each ranking for each question, which is embedded by ``questions``."""
    rows = retrieval(opened(evaluated, questions))
    return {row.system: dict(row.values) for row in rows if row.metric == METRIC}


def _shipped(cache: Path, embedder: OnnxEmbedder) -> EvalSet:
    cache.mkdir(parents=True, exist_ok=True)
    engine = LocalEngine(os.cpu_count() or 1)
    sources = find_sources([ROOT / "corpus" / "documents"])
    build(
        Reading(sources, engine, default_groups=["public"]),
        cache / "shipped",
        embedder,
        engine=engine,
        reuse=False,
        report=lambda stage, done, total: None,
    )
    return shipped(ROOT / "corpus" / "questions.jsonl", cache / "shipped")


def _row(name: str, system: str, full: dict[str, float], reduced: dict[str, float]) -> str:
    gap: Interval = paired(reduced, full)
    means = (sum(values.values()) / len(values) for values in (full, reduced))
    equal = gap.low <= 0.0 <= gap.high and abs(gap.mean) < MARGIN
    return (
        f"| {name} | {len(full)} | {system} | {' | '.join(f'{mean:.4f}' for mean in means)} "
        f"| {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] | {'equal' if equal else 'differs'} |"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_precision")
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--only-data", action="store_true", help="leave the shipped set out")
    parser.add_argument("--passages", type=int, default=1000, help="of a folder, at most")
    parser.add_argument("--questions", type=int, default=1000, help="of a folder, at most")
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
