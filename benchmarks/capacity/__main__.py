"""`python -m benchmarks.capacity`: which quota binds at how many people, and what to raise."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.capacity import report
from benchmarks.capacity.demand import Crowd
from benchmarks.capacity.quotas import UnknownTier
from benchmarks.cost.figures import BadFigures
from benchmarks.cost.workload import BadWorkload


def parser() -> argparse.ArgumentParser:
    """The options; `make capacity` passes USERS, and ARGS as it is."""
    made = argparse.ArgumentParser(
        prog="make capacity",
        description="Which quota binds at how many people, what to raise, and how long they wait.",
    )
    made.add_argument("--users", type=int, default=10_000, help="people at one time (10000)")
    made.add_argument(
        "--questions-per-hour", type=Fraction, default=Fraction(6), help="each person's (6)"
    )
    made.add_argument("--answer-tokens", type=int, default=300, help="tokens of an answer (300)")
    made.add_argument("--cache-hits", type=Fraction, default=Fraction(0), help="share, 0 to 1 (0)")
    made.add_argument("--batch-size", type=int, default=1, help="BatchSize, 1 to 10 (1)")
    made.add_argument("--model", default="gpt-4o-mini", help="a model with tiers in quotas.toml")
    made.add_argument("--tier", type=int, default=1, help="usage tier of the organisation (1)")
    made.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of template.yaml that is not at its default",
    )
    made.add_argument("--quotas", action="store_true", help="print the quotas and their sources")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; 2 if the options or the files make no sense."""
    arguments = parser().parse_args(argv)
    try:
        if arguments.users < 1:
            raise BadWorkload("USERS must be at least 1")
        crowd = Crowd(
            users=arguments.users,
            questions_per_hour=arguments.questions_per_hour,
            answer_tokens=arguments.answer_tokens,
            cache_hits=arguments.cache_hits,
            batch_size=arguments.batch_size,
            model=arguments.model,
        )
        crowd.workload()  # Refuses numbers that make no sense.
        overrides = dict(pair.partition("=")[::2] for pair in arguments.parameter)
        capacity = report.Capacity.load(crowd, tier=arguments.tier, parameters=overrides)
        if arguments.quotas:
            print(report.sources(capacity))
            return 0
        print(
            f"{crowd.users:,} people, {float(crowd.questions_per_hour):g} questions an hour each "
            f"({float(crowd.qps):.2f} a second), {crowd.answer_tokens} tokens an answer, "
            f"{float(crowd.cache_hits):.0%} from the cache; {capacity.time.mean_s:.1f} s of a "
            f"worker for each; {crowd.model}, tier {arguments.tier}.\n"
        )
        for part in report.all_tables(capacity):
            print(part)
    except (BadFigures, BadWorkload, UnknownTier) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
