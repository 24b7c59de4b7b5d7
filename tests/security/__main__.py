"""``python -m tests.security``: runs the tests that the threat model names, a line for a threat."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.security.threats import ROOT, THREAT_MODEL, Threat, is_python, threats

_EXAMPLES = re.compile(r"(\d+) passing,")


@dataclass
class Result:
    """What became of one case of a test; ``examples`` are those of Hypothesis."""

    failed: bool = False
    examples: int = 1


class Recorder:
    """A plugin of pytest that keeps the result of every case. A case that is skipped has failed:
    what it would show is not shown."""

    def __init__(self) -> None:
        self.results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = self.results.setdefault(report.nodeid, Result())
        result.failed = result.failed or report.outcome != "passed"

    def pytest_runtest_teardown(self, item: Any) -> None:
        examples = map(int, _EXAMPLES.findall(getattr(item, "hypothesis_statistics", "")))
        self.results.setdefault(item.nodeid, Result()).examples = sum(examples) or 1

    def of(self, test: str) -> list[Result]:
        """The results of the cases of ``test``."""
        return [
            result
            for name, result in self.results.items()
            if name == test or name.startswith((f"{test}[", f"{test}::"))
        ]


def main() -> int:
    """Print the table; 1 if a test failed, was skipped or did not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of Hypothesis's random examples")
    seed = parser.parse_args().seed
    found = threats(THREAT_MODEL.read_text())
    named = sorted({test for threat in found for test in threat.tests})
    recorder = Recorder()
    options = ["-q", "--no-header", "--disable-warnings", f"--hypothesis-seed={seed}"]
    pytest.main([*options, *filter(is_python, named)], plugins=[recorder])
    for test in named:
        if not is_python(test):
            recorder.results[test] = Result(failed=not _passes_in_vitest(test))
    sys.stdout.write(f"\nThe tests of every threat, seed {seed}\n\n")
    sys.stdout.write("\n".join(_table(found, recorder)) + "\n")
    return int(any(_is_broken(recorder, test) for test in named))


def _passes_in_vitest(test: str) -> bool:
    path, _, name = test.partition("::")
    file = Path(path).relative_to("chat-ui")
    command = ["npx", "vitest", "run", str(file), "-t", re.escape(name)]
    return subprocess.run(command, cwd=ROOT / "chat-ui", check=False).returncode == 0


def _is_broken(recorder: Recorder, test: str) -> bool:
    results = recorder.of(test)
    return not results or any(result.failed for result in results)


def _table(found: Iterable[Threat], recorder: Recorder) -> Iterable[str]:
    yield "| part | threat | tests | cases | examples | failed |"
    yield "|---|---|---|---|---|---|"
    for threat in found:
        results = [result for test in threat.tests for result in recorder.of(test)]
        failed = sum(_is_broken(recorder, test) for test in threat.tests)
        examples = sum(result.examples for result in results)
        yield (
            f"| {threat.section} | {threat.name} | {len(threat.tests)} | {len(results)} | "
            f"{examples} | {failed} |"
        )


if __name__ == "__main__":
    sys.exit(main())
