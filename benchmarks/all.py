"""Run every performance benchmark in turn and write docs/performance.md.

``python -m benchmarks.all [--only cold,posts] [--render]``, or ``make bench``. Results are kept in
benchmarks/results/performance/; those that are not run again keep their last figures. Exits with 1
if a benchmark failed, after all the others have run.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.report.performance import page
from benchmarks.report.result import Result

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "performance"
PAGE = ROOT / "docs" / "performance.md"
FAILED = 1
STOP_S = 30


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark that ``make bench`` runs: its arguments there, and when it is given up."""

    name: str
    arguments: tuple[str, ...] = ()
    limit_s: int = 300

    @property
    def module(self) -> str:
        return f"benchmarks.bench_{self.name.replace('-', '_')}"


BENCHMARKS = (
    Benchmark(name="cold", limit_s=600),
    Benchmark(name="zip"),
    Benchmark(name="turn", arguments=("--sizes", "5000,100000,1000000"), limit_s=900),
    Benchmark(name="first-token"),
    Benchmark(name="posts", arguments=("--runs", "5"), limit_s=1500),
    Benchmark(name="concurrency", arguments=("--runs", "5"), limit_s=900),
    Benchmark(name="load"),
    Benchmark(name="index", limit_s=600),
)
"""In the order of docs/performance.md. Together they take about 40 minutes on two cores."""


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--only", default="", help="names of benchmarks, comma separated")
    parser.add_argument("--render", action="store_true", help="only write the page again")
    arguments = parser.parse_args(given)
    wanted = [name for name in arguments.only.split(",") if name]
    if unknown := set(wanted) - {benchmark.name for benchmark in BENCHMARKS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {_names()}")
    failed = [] if arguments.render else _run(wanted)
    PAGE.write_text(page(kept()))
    print(f"wrote {PAGE.relative_to(ROOT)}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return FAILED if failed else 0


def kept() -> list[Result]:
    """The last result of each benchmark that has one, in the page's order."""
    paths = [RESULTS / f"{benchmark.name}.json" for benchmark in BENCHMARKS]
    decoder = msgspec.json.Decoder(Result)
    return [decoder.decode(path.read_bytes()) for path in paths if path.is_file()]


def _run(wanted: Sequence[str]) -> list[str]:
    """Run the wanted benchmarks, or all; return the names of those that failed."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = [b for b in BENCHMARKS if not wanted or b.name in wanted]
    failed = []
    for number, benchmark in enumerate(chosen, start=1):
        print(f"[{number}/{len(chosen)}] {benchmark.name}", flush=True)
        began = time.monotonic()
        reason = _run_one(benchmark)
        print(f"[{number}/{len(chosen)}] {benchmark.name}: ", end="")
        print(f"{reason or 'done'} after {time.monotonic() - began:.0f} s\n", flush=True)
        if reason:
            failed.append(benchmark.name)
            result = Result(title=benchmark.name, tables=[], name=benchmark.name, not_run=reason)
            _path(benchmark).write_bytes(msgspec.json.encode(result))
    return failed


def _run_one(benchmark: Benchmark) -> str:
    """Run one in a process of its own; return how it failed, or nothing."""
    path = _path(benchmark)
    command = [sys.executable, "-m", benchmark.module, *benchmark.arguments, "--json", str(path)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        status = process.wait(benchmark.limit_s)
    except subprocess.TimeoutExpired:
        _stop(process)
        return f"failed: not done within {benchmark.limit_s} s"
    return f"failed with exit status {status}" if status else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that it stops what it started; then by force."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _path(benchmark: Benchmark) -> Path:
    return RESULTS / f"{benchmark.name}.json"


def _names() -> str:
    return ", ".join(benchmark.name for benchmark in BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
