"""docs/performance.md from the kept results. What it says of a benchmark stands beside its code."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report.machine import Machine
from benchmarks.report.rendering import budgets_text, machine_text, result_text
from benchmarks.report.result import Result

HEAD = """\
# Performance

Written by `make bench`; do not edit. `make bench-NAME` runs one benchmark again, and its
explanation stands in the docstring of `benchmarks/bench_NAME.py`. *Plain* is the plain design,
`benchmarks/plain/`: what most people would write, with the same model weights, the same documents
and the same scripted language model, measured in the same run, taking turns. A ratio of 1/12 means
a twelfth of what plain takes.
"""


def page(results: Sequence[Result]) -> str:
    """The whole page."""
    parts = [HEAD.strip(), "## The machine", *_machines(results)]
    if budgets := [budget for result in results for budget in result.budgets]:
        parts += ["## Budgets", budgets_text(budgets)]
    parts += [part for result in results for part in _section(result)]
    return "\n\n".join(parts) + "\n"


def _machines(results: Sequence[Result]) -> list[str]:
    by_machine: list[tuple[Machine, list[str]]] = []
    for result in results:
        if result.not_run:
            continue
        for machine, names in by_machine:
            if machine == result.machine:
                names.append(result.name)
                break
        else:
            by_machine.append((result.machine, [result.name]))
    if len(by_machine) == 1:
        return [machine_text(by_machine[0][0])]
    return [f"{', '.join(names)}:\n\n{machine_text(machine)}" for machine, names in by_machine]


def _section(result: Result) -> list[str]:
    head = f"## {result.title}"
    if result.not_run:
        return [head, f"Not run: {result.not_run}"]
    facts = (
        f"`{result.command}`, {result.measured_at}, {result.runs} alternating runs, "
        f"{result.took_s:.0f} s; load of the machine before it: {result.load}"
    )
    return [head, _about(result.about), facts, result_text(result)]


def _about(docstring: str) -> str:
    return docstring.strip().replace("``", "`")
