"""A warm turn without the model: embed, cache lookup, retrieve, prompt, at growing sizes.

The index is made up (``benchmarks/synthetic_index.py`` says how: mixtures of real vectors with
noise, words by Zipf's law) and kept in ``.local/bench``; everything that reads it is what is
served. Each question is eight words of some chunk and a vector near that chunk's; what is embedded
is one of the shipped questions, since made-up words fall into many more tokens. Each size is
measured in a process of its own; the cache is the local stack's Qdrant, with an entry for each
question asked before. *Dense* and *lexical* are parts of *retrieve*, run once more by themselves.
Recall@10 is that of the vector index against exact search, measured when it was built.

By default 5,000 and 100,000 chunks; ``make bench-turn SIZES=5000,100000,1000000`` makes the
largest as well (3 GB on disk).
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import synthetic_index
from benchmarks.report import Budget, Measure, Result, Table, run
from local.processes.listening import free_port

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".local" / "bench"
BUDGETS_MS = {5_000: 15.0, 1_000_000: 40.0}
STAGES = ("embed", "cache lookup", "retrieve", "dense", "lexical", "prompt", "turn")


def measure(options: argparse.Namespace) -> Result:
    """A table for each size, one of growth."""
    sizes = [int(size) for size in options.sizes.split(",")]
    found = {}
    for size in sizes:
        bundle = made(size)
        print(f"  {size:,} chunks", file=sys.stderr, flush=True)
        with qdrant() as address:
            found[size] = _measured(bundle, options.asks, address)
    tables = [_table(size, found[size]) for size in sizes]
    budgets = [
        Budget(
            what=f"turn without the model, {size:,} chunks, p50",
            value=statistics.median(found[size]["stages"]["turn"]),
            limit=BUDGETS_MS[size],
            unit="ms",
        )
        for size in sizes
        if size in BUDGETS_MS
    ]
    return Result(
        title="A warm turn without the model",
        runs=options.asks,
        tables=tables,
        budgets=budgets,
        bound=f"one forward pass of the embedding model; {_growth(found)}",
    )


def made(size: int) -> Path:
    """The bundle of so many chunks, made if it is not kept from before."""
    code = Path(synthetic_index.__file__)
    out = KEPT / f"turn-{size}-{synthetic_index.sha256_of(code)[:8]}"
    if not (out / "manifest.json").is_file():
        print(f"  making an index of {size:,} chunks ...", file=sys.stderr, flush=True)
        shutil.rmtree(out, ignore_errors=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.synthetic_index", str(size), str(out)]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"  made in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return out


@contextmanager
def qdrant() -> Iterator[str]:
    """The local stack's Qdrant with nothing in it; gives its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "local.qdrant", "--port", str(port), "--path", directory]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait_for(f"{address}/readyz")
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _measured(bundle: Path, asks: int, address: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.turn_process", str(bundle), str(asks), address]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _table(size: int, found: dict[str, Any]) -> Table:
    rows = []
    for name in STAGES:
        values = sorted(found["stages"][name])
        part = "  of it, " if name in ("dense", "lexical") else ""
        for label, at in (("p50", 0.5), ("p99", 0.99)):
            value = values[int(at * (len(values) - 1))]
            rows.append(Measure(what=f"{part}{name}, {label}", unit="ms", ours=[value]))
    rows += [
        Measure(what="open the index", unit="ms", ours=found["stages"]["open the index"]),
        Measure(what="memory, mapped files included", unit="MB", ours=[found["grown_mb"]]),
        Measure(what="memory of its own", unit="MB", ours=[found["own_mb"]]),
        Measure(what="recall@10 of the vector index", unit="", ours=[found["recall"]]),
    ]
    return Table(title=f"{size:,} chunks, {found['kind']}", rows=rows)


def _growth(found: dict[int, dict[str, Any]]) -> str:
    sizes = sorted(found)
    turns = {size: statistics.median(found[size]["stages"]["retrieve"]) for size in sizes}
    steps = [
        f"{large / small:.0f} times the chunks take {turns[large] / turns[small]:.1f} times as long"
        for small, large in itertools.pairwise(sizes)
    ]
    return "of retrieval, " + (", then ".join(steps) or "one size was measured") + "."


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="5000,100000", help="chunks of the indexes")
    parser.add_argument("--asks", type=int, default=200, help="questions measured for each size")
    return run("turn", __doc__, measure, parser)


if __name__ == "__main__":
    sys.exit(main())
