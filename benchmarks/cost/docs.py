"""Writes what docs/cost.md and docs/deploy.md say of cost: `python -m benchmarks.cost.docs`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from benchmarks.cost import report
from benchmarks.cost.stack import ROOT
from benchmarks.cost.workload import Workload
from benchmarks.generated import Parts, regenerated

COMPANY = Workload(qps=Fraction(1), users=1000)
"""The month that docs/cost.md takes apart: one question a second, ten hours a day."""

BUSY = Workload(qps=Fraction(10), users=10_000)
"""A load at which workers share: ten questions a second, ten hours a day."""

PAGES = (ROOT / "docs" / "cost.md", ROOT / "docs" / "deploy.md")


def parts(costs: report.Costs) -> Parts:
    """What the pages say of cost."""

    def doubts() -> str:
        found = report.doubts(costs, costs.ours(COMPANY), costs.plain(COMPANY))
        return "".join(f"- {doubt}\n" for doubt in found)

    return {
        "cost: sizes": lambda: report.sizes(costs),
        "cost: month": lambda: report.month(costs, COMPANY),
        "cost: answer": lambda: report.answer(costs, COMPANY),
        "cost: sharing": lambda: report.sharing(costs, BUSY),
        "cost: idle": lambda: report.at_rest(costs) + "\n" + report.idle_verdict(costs) + "\n",
        "cost: environments": lambda: report.environments(costs),
        "cost: prices": lambda: report.price_rows(costs),
        "cost: doubts": doubts,
    }


def write(pages: tuple[Path, ...] = PAGES) -> None:
    """Rewrite the pages."""
    made = parts(report.Costs.load())
    for page in pages:
        page.write_text(regenerated(page.read_text(), made))


if __name__ == "__main__":
    write()
