"""How benchmarks report: what is computed from the runs, and what the page says."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import all as all_benchmarks
from benchmarks.report import Budget, Measure, Result, Skipped, Table, alternate, run
from benchmarks.report.performance import page

START = Measure(what="start", unit="ms", ours=[400.0, 500.0, 900.0], plain=[6000.0, 5000.0, 7000.0])


def a_result(**changes: object) -> Result:
    result = Result(
        title="Cold start",
        name="cold",
        about="How long a start takes.",
        command="make bench-cold",
        runs=3,
        tables=[Table(title="From start to end", rows=[START])],
        budgets=[Budget.of_plain(START, 1 / 12), Budget.of_median(START, 450)],
        bound="one forward pass",
    )
    return msgspec.structs.replace(result, **changes)


def test_ratios_are_of_medians_and_budgets_are_judged_by_them() -> None:
    assert START.ratio == pytest.approx(500 / 6000)
    assert [budget.is_met for budget in a_result().budgets] == [True, False]
    faster = Measure(what="build", unit="chunks/s", ours=[40.0], plain=[20.0])
    assert Budget.of_plain(faster, 1.5, side="at least").is_met
    assert not Budget.of_plain(faster, 2.5, side="at least").is_met


def test_the_page_holds_figures_ratios_bounds_budgets_and_failures() -> None:
    failed = Result(title="posts", name="posts", tables=[], not_run="failed with exit status 1")
    text = page([a_result(), failed])
    row = "| start | 500 ms | 400 to 900 | 6,000 ms | 5,000 to 7,000 | 1/12 |"
    assert row in re.sub(" +", " ", text)
    assert "The bound: one forward pass" in text
    assert "**missed**" in text
    assert "Not run: failed with exit status 1" in text


def test_contestants_take_turns_and_change_their_order() -> None:
    calls: list[str] = []
    found = alternate(
        2,
        {"ours": lambda: calls.append("ours"), "plain": lambda: calls.append("plain")},
        progress=False,
    )
    assert calls == ["ours", "plain", "plain", "ours"]
    assert list(map(len, found.values())) == [2, 2]


@pytest.mark.parametrize(("strict", "status"), [([], 0), (["--strict"], 1)])
def test_a_result_is_printed_and_written_with_the_command_that_repeats_it(
    strict: list[str],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "cold.json"
    monkeypatch.setattr(sys, "argv", ["bench_cold", "--json", str(path), *strict])
    assert run("cold", "How long.", lambda options: a_result()) == status
    assert "1/12" in capsys.readouterr().out
    written = msgspec.json.decode(path.read_bytes(), type=Result)
    assert written.tables == a_result().tables
    assert written.command == "make bench-cold" + (' ARGS="--strict"' if strict else "")


def test_what_is_missing_is_said_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(options: argparse.Namespace) -> Result:
        raise Skipped("no data; give --data FOLDER")

    monkeypatch.setattr(sys, "argv", ["bench_cold"])
    assert run("cold", "How long.", measure) == 0
    assert capsys.readouterr().out == "skipped: no data; give --data FOLDER\n"


def test_a_failing_benchmark_is_told_and_the_others_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bench_bad.py").write_text("raise SystemExit(3)")
    (tmp_path / "benchmarks" / "bench_good.py").write_text("print('measured')")
    named = [all_benchmarks.Benchmark(name="bad"), all_benchmarks.Benchmark(name="good")]
    monkeypatch.setattr(all_benchmarks, "BENCHMARKS", named)
    monkeypatch.setattr(all_benchmarks, "ROOT", tmp_path)
    monkeypatch.setattr(all_benchmarks, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(all_benchmarks, "PAGE", tmp_path / "performance.md")
    assert all_benchmarks.main([]) == 1
    assert "measured" in capfd.readouterr().out
    assert "Not run: failed with exit status 3" in (tmp_path / "performance.md").read_text()
