"""How many messages a long answer costs, and how long its tokens wait for that.

API Gateway bills a posted message in units of 32 KB; the plain design posts every token. A scripted
model streams 500 tokens; DynamoDB and the management API answer after 8 ms, near to what they take
in AWS, since what gathers while a frame is on its way goes with the next. *Added delay* is from a
token leaving the model until its frame is posted. The redactor holds the last word until the next
token comes, 50 ms of it at 20 tokens a second. At 300 the plain design cannot keep up: its posts
take longer than the tokens.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks.report import Budget, Measure, Result, Table, alternate, run
from benchmarks.streams.batches import FIRST_TOKEN_S, Batch, Scene, answered
from benchmarks.streams.workers import our_worker, plain_worker

BUDGET_RATIO = 1 / 8
BUDGET_DELAY_MS = 150.0
BUDGET_RATE = 80.0


def measure(options: argparse.Namespace) -> Result:
    """A table for each rate, ours and plain in turn."""
    tables, budgets = [], []
    for rate in map(float, options.rates.split(",")):
        scene = Scene(tokens=options.tokens, rate=rate, aws_delay_s=options.aws_ms / 1000)

        def ours(scene: Scene = scene) -> Batch:
            return answered(our_worker, [1], scene)[1]

        def plain(scene: Scene = scene) -> Batch:
            return answered(plain_worker, [1], scene, by_question=True)[1]

        contestants = {"ours": ours} if options.no_plain else {"ours": ours, "plain": plain}
        table = _table(rate, alternate(options.runs, contestants))
        tables.append(table)
        if rate == BUDGET_RATE:
            budgets = _budgets(table)
    return Result(
        title=f"Posts of an answer of {options.tokens} tokens",
        runs=options.runs,
        tables=tables,
        budgets=budgets,
        bound="one post a window: at 80 tokens/s a window of 112 ms carries 9 tokens, so that 500 "
        "tokens are 56 posts, and 5 open and end the answer.",
    )


def _table(rate: float, found: dict[str, list[Batch]]) -> Table:
    def row(what: str, unit: str, value: Callable[[Batch], float]) -> Measure:
        plain = [value(batch) for batch in found.get("plain", [])]
        return Measure(what=what, unit=unit, ours=[value(b) for b in found["ours"]], plain=plain)

    rows = [
        row("posts", "", lambda b: b.posts),
        row("billed units of 32 KB", "", lambda b: b.units),
        row("added delay per token, p50", "ms", lambda b: b.p50),
        row("added delay per token, p99", "ms", lambda b: b.p99),
        row("CPU per token, the whole answer", "us", lambda b: b.cpu_us_per_token),
        row(
            "from the queue to the first post of text, minus the model's delay",
            "ms",
            lambda b: b.first_p50 - FIRST_TOKEN_S * 1000,
        ),
    ]
    return Table(title=f"{rate:.0f} tokens a second", rows=rows)


def _budgets(table: Table) -> list[Budget]:
    posts, _, _, p99, *_ = table.rows
    named = Measure(what=f"added delay p99, {table.title}", unit="ms", ours=p99.ours)
    budgets = [Budget.of_median(named, BUDGET_DELAY_MS)]
    if posts.plain:
        compared = Measure(
            what=f"posts, {table.title}", unit="", ours=posts.ours, plain=posts.plain
        )
        budgets.append(Budget.of_plain(compared, BUDGET_RATIO))
    return budgets


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=500, help="tokens of the answer")
    parser.add_argument("--rates", default="20,80,300", help="tokens a second")
    parser.add_argument("--aws-ms", type=float, default=8.0, help="how long AWS's services take")
    parser.add_argument("--runs", type=int, default=1, help="runs, ours and plain in turn")
    parser.add_argument("--no-plain", action="store_true", help="do not measure the plain design")
    return run("posts", __doc__, measure, parser)


if __name__ == "__main__":
    sys.exit(main())
