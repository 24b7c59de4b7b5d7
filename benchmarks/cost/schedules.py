"""How often the schedules of a template fire."""

from __future__ import annotations

import re
from fractions import Fraction


def firings(expression: str, hours: int) -> Fraction:
    """How often a ``rate`` or ``cron`` expression fires in so many hours.

    Days, months and weekdays of a cron expression are taken as every day: an upper bound.

    Raises:
        ValueError: it is neither.
    """
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        minutes = int(match[1]) * {"minute": 1, "hour": 60, "day": 1440}[match[2]]
        return Fraction(hours * 60, minutes)
    if match := re.fullmatch(r"cron\((\S+) (\S+) \S+ \S+ \S+ \S+\)", expression):
        return Fraction(_values(match[1], 60) * _values(match[2], 24) * hours, 24)
    raise ValueError(f"{expression} is neither a rate nor a cron expression")


def _values(field: str, size: int) -> int:
    """How many values a cron field has."""
    count = 0
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            width = size
        elif "-" in span:
            low, high = span.split("-")
            width = int(high) - int(low) + 1
        else:
            width = size - int(span) if step else 1
        count += -(-width // int(step or 1))
    return count
