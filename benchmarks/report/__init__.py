"""How a performance benchmark says what it measured: one table, one form, printed and kept."""

from __future__ import annotations

from benchmarks.report.command import Skipped, run
from benchmarks.report.result import Budget, Measure, Result, Table
from benchmarks.report.turns import alternate

__all__ = ["Budget", "Measure", "Result", "Skipped", "Table", "alternate", "run"]
