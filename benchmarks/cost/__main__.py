"""`python -m benchmarks.cost`: what a month costs, by service, beside the plain design."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.cost import report
from benchmarks.cost.figures import BadFigures
from benchmarks.cost.prices import UnknownPrice
from benchmarks.cost.workload import BadWorkload, Workload
from local.declared.sam import TemplateError


def parser() -> argparse.ArgumentParser:
    """The options; `make cost` passes QPS and ANSWER_TOKENS, and ARGS as it is."""
    made = argparse.ArgumentParser(
        prog="make cost",
        description="What a month costs, from measured figures and dated prices (us-east-1).",
    )
    number = Fraction
    made.add_argument("--qps", type=number, default=Fraction(1), help="questions a second (1)")
    made.add_argument("--answer-tokens", type=int, default=300, help="tokens of an answer (300)")
    made.add_argument("--prompt-tokens", type=int, help="tokens of a prompt (as measured)")
    made.add_argument("--hours", type=number, default=Fraction(10), help="hours a day (10)")
    made.add_argument("--users", type=int, default=0, help="people connected in these hours (0)")
    made.add_argument("--cache-hits", type=number, default=Fraction(0), help="share, 0 to 1 (0)")
    made.add_argument("--model", default="gpt-4o-mini", help="a model of prices.toml")
    made.add_argument("--tokens-per-second", type=number, help="the model's speed (figures.toml)")
    made.add_argument("--memory", type=int, default=2048, help="MB of the inference function")
    made.add_argument("--batch-size", type=int, default=1, help="BatchSize, 1 to 10 (1)")
    made.add_argument("--max-concurrency", type=int, default=10, help="MaximumConcurrency (10)")
    made.add_argument("--arch", default="arm64", help="arm64 or x86_64")
    made.add_argument("--cache-host", action="store_true", help="count a host for Qdrant")
    made.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of template.yaml, for what the stack costs at rest",
    )
    made.add_argument("--prices", action="store_true", help="print the price table instead")
    return made


def workload(arguments: argparse.Namespace) -> Workload:
    """The month that the options describe.

    Raises:
        BadWorkload: a number makes no sense.
    """
    return Workload(
        qps=arguments.qps,
        answer_tokens=arguments.answer_tokens,
        prompt_tokens=arguments.prompt_tokens,
        cache_hits=arguments.cache_hits,
        model=arguments.model,
        daily_hours=arguments.hours,
        users=arguments.users,
        tokens_per_second=arguments.tokens_per_second,
        memory_mb=arguments.memory,
        batch_size=arguments.batch_size,
        maximum_concurrency=arguments.max_concurrency,
        architecture=arguments.arch,
        cache=arguments.cache_host or arguments.cache_hits > 0,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; 2 if the options or the files make no sense."""
    arguments = parser().parse_args(argv)
    overrides = dict(pair.partition("=")[::2] for pair in arguments.parameter)
    try:
        costs = report.Costs.load()
        if arguments.prices:
            print(report.price_rows(costs))
            return 0
        work = workload(arguments)
        costs.table.model_keys(work.model)  # Refuses a model without a price.
        answers = float(work.answers(costs.table.month_hours))
        print(
            f"{answers:,.0f} answers of {work.answer_tokens} tokens a month: {float(work.qps):g} "
            f"a second for {float(work.daily_hours):g} hours a day, {work.users:,} people "
            f"connected, {float(work.cache_hits):.0%} from the cache, {work.model}, "
            f"{costs.table.region}.\n"
        )
        print(report.month(costs, work))
        print(report.answer(costs, work))
        print(report.at_rest(costs, overrides))
        print(report.idle_verdict(costs, overrides))
        if costs.model.overloaded(work):
            print(
                f"These workers cannot keep up: {float(costs.model.offered(work)):.1f} streams at "
                f"one time need MaximumConcurrency x BatchSize above that (now "
                f"{work.maximum_concurrency} x {work.batch_size}). See `make capacity`."
            )
        for doubt in report.doubts(costs, costs.ours(work), costs.plain(work)):
            print(doubt)
    except (BadFigures, BadWorkload, UnknownPrice, TemplateError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
