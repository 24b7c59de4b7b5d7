"""Writes the generated parts of docs/cost.md and docs/deploy.md: `python -m benchmarks.cost.docs`.

A part stands between `<!-- cost: NAME ... -->` and `<!-- end of NAME -->`; a test compares it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

from benchmarks.cost import report
from benchmarks.cost.idle import ROOT
from benchmarks.cost.workload import Workload

COMPANY = Workload(qps=Fraction(1), users=1000)
"""The month that docs/cost.md takes apart: one question a second, ten hours a day."""

PARTS: Mapping[str, Callable[[report.Costs], str]] = {
    "sizes": report.sizes,
    "month": lambda costs: report.month(costs, COMPANY),
    "answer": lambda costs: report.answer(costs, COMPANY),
    "idle": lambda costs: report.at_rest(costs) + "\n" + report.idle_verdict(costs) + "\n",
    "prices": report.price_rows,
    "doubts": lambda costs: (
        "\n".join(
            f"- {doubt}"
            for doubt in report.doubts(costs, costs.ours(COMPANY), costs.plain(COMPANY))
        )
        + "\n"
    ),
}
PAGES = (ROOT / "docs" / "cost.md", ROOT / "docs" / "deploy.md")

_PART = re.compile(r"(<!-- cost: (\w+)[^>]*-->\n)(.*?)(<!-- end of \2 -->)", re.DOTALL)


def regenerated(page: str, costs: report.Costs) -> str:
    """``page`` with every part as the model says now.

    Raises:
        KeyError: it names a part that does not exist.
    """
    return _PART.sub(lambda found: found[1] + PARTS[found[2]](costs) + found[4], page)


def parts_of(page: str) -> list[str]:
    """The names of the generated parts of a page."""
    return [found[2] for found in _PART.finditer(page)]


def write(pages: tuple[Path, ...] = PAGES) -> None:
    """Rewrite the pages."""
    costs = report.Costs.load()
    for page in pages:
        page.write_text(regenerated(page.read_text(), costs))


if __name__ == "__main__":
    write()
