"""A result as text: Markdown tables with aligned columns, which a terminal shows as well."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.report.machine import Machine
from benchmarks.report.result import Budget, Measure, Result, Table


def table_text(table: Table) -> str:
    """Title, explanation and rows; the plain design's columns only where it was measured."""
    compared = any(row.plain for row in table.rows)
    head = ["", "median", "lowest to highest"]
    head += ["plain: median", "lowest to highest", "ratio"] if compared else []
    rows = [_cells(row, compared) for row in table.rows]
    parts = [f"**{table.title}**", table.about, _grid(head, rows)]
    return "\n\n".join(part for part in parts if part)


def budgets_text(budgets: Sequence[Budget]) -> str:
    """One row per budget, with whether it is met."""
    rows = []
    for budget in budgets:
        value, limit = (_quantity(x, budget.unit) for x in (budget.value, budget.limit))
        met = "met" if budget.is_met else "**missed**"
        rows.append([budget.what, f"{budget.side} {limit}", value, met])
    return _grid(["budget", "limit", "measured", ""], rows)


def result_text(result: Result) -> str:
    """The body of a result: tables, the bound, the budgets."""
    parts = [table_text(table) for table in result.tables]
    if result.bound:
        parts.append(f"The bound: {result.bound}")
    if result.budgets:
        parts.append(budgets_text(result.budgets))
    return "\n\n".join(parts)


def machine_text(machine: Machine) -> str:
    """The facts of a machine as a list."""
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    return "\n".join(
        [
            f"- {machine.cpu}, {machine.cores} cores, {machine.memory_gb} GB of memory",
            f"- {machine.system}, Python {machine.python}",
            f"- {libraries}",
        ]
    )


def _cells(row: Measure, compared: bool) -> list[str]:
    cells = [row.what, *_series(row.ours, row.unit)]
    if not compared:
        return cells
    if row.ratio is None:
        return [*cells, "", "", ""]
    return [*cells, *_series(row.plain, row.unit), _ratio(row.ratio)]


def _series(values: Sequence[float], unit: str) -> tuple[str, str]:
    span = "" if len(values) == 1 else f"{_number(min(values))} to {_number(max(values))}"
    return _quantity(statistics.median(values), unit), span


def _quantity(value: float, unit: str) -> str:
    if unit == "of plain":
        return f"{_ratio(value)} of plain" if value < 1 else f"{_number(value)}x plain"
    return f"{_number(value)} {unit}".strip()


def _ratio(ratio: float) -> str:
    """Smaller than one as a part, such as 1/12.5; otherwise as a multiple."""
    return f"1/{_number(1 / ratio)}" if 0 < ratio < 1 else f"{_number(ratio)}x"


def _number(value: float) -> str:
    """Three significant digits; whole numbers whole."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _grid(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        aligned = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(aligned)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *map(line, rows)])
