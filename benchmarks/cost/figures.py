"""The figures that the model computes with: from committed results, and from figures.toml.

What one answer makes AWS do is read from benchmarks/results/answer_calls.json and reduced to the
few whole numbers that explain every row of it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
FIGURES = HERE / "figures.toml"
CALLS = HERE.parent / "results" / "answer_calls.json"
KB = 1024


class BadFigures(Exception):
    """A file of figures cannot be used; the message says what to run or mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number and where it comes from."""

    name: str
    value: Fraction
    kind: Literal["measured", "stated", "assumed"]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Billable units of one answer and of one visit, as the real handlers caused them."""

    ask_writes: int
    ask_reads: Fraction
    ask_messages: int
    answer_reads: Fraction
    writes_base: int
    writes_per_delta: int
    writes_per_kb: int
    other_posts: int
    stored_base: Fraction
    stored_per_delta: Fraction
    stored_per_byte: Fraction
    posted_base: Fraction
    posted_per_delta: Fraction
    posted_per_byte: Fraction
    log_bytes: int
    prompt_chars: int
    kms_requests: int
    tenant_writes: int
    """Write units that an answer adds to the day's partition of its tenant."""
    visit_writes: int
    visit_reads: Fraction
    visit_messages: int
    ping_reads: Fraction
    ping_messages: int

    def writes(self, deltas: int, text_bytes: int) -> int:
        """Write units of an answer, from taking it to its end."""
        kilobytes = -(-text_bytes // KB)
        return self.writes_base + self.writes_per_delta * deltas + self.writes_per_kb * kilobytes

    def stored(self, deltas: int, text_bytes: int) -> Fraction:
        """Bytes that an answer leaves in the table."""
        return self.stored_base + self.stored_per_delta * deltas + self.stored_per_byte * text_bytes

    def posted(self, deltas: int, text_bytes: int) -> Fraction:
        """Bytes that are posted to one connection."""
        return self.posted_base + self.posted_per_delta * deltas + self.posted_per_byte * text_bytes


def read_figures(path: Path = FIGURES) -> dict[str, Figure]:
    """The figures of ``path`` by name."""
    return {
        name: Figure(name=name, value=Fraction(row["value"]), kind=row["kind"], origin=row["from"])
        for name, row in tomllib.loads(path.read_text()).items()
    }


def read_calls(path: Path = CALLS) -> Calls:
    """The reduced result of `make bench-answer-calls`.

    Raises:
        BadFigures: there is no result, or its rows cannot be explained by the same coefficients.
    """
    if not path.is_file():
        raise BadFigures(f"There is no {path}. Run: make bench-answer-calls")
    return reduce_calls(json.loads(path.read_text()))


def reduce_calls(result: Mapping[str, Any]) -> Calls:
    """Coefficients of the rows of a result. Write units must be explained exactly.

    Raises:
        BadFigures: they are not.
    """
    rows = result["answers"]
    fewest, most = _pair(rows, lambda row: row["text_bytes"], lambda row: row["deltas"])
    short = min(rows, key=lambda row: row["text_bytes"])
    long = max(rows, key=lambda row: row["text_bytes"])

    def slopes(name: str, size: Any) -> tuple[Fraction, Fraction, Fraction]:
        deltas = most["deltas"] - fewest["deltas"]
        per_delta = Fraction(most[name] - fewest[name], deltas)
        rest = (long[name] - per_delta * long["deltas"]) - (
            short[name] - per_delta * short["deltas"]
        )
        per_size = rest / (size(long) - size(short))
        base = short[name] - per_delta * short["deltas"] - per_size * size(short)
        return base, per_delta, per_size

    writes = slopes("dynamodb_write_units", lambda row: -(-row["text_bytes"] // KB))
    stored = slopes("dynamodb_stored_bytes", lambda row: row["text_bytes"])
    posted = slopes("posted_bytes", lambda row: row["text_bytes"])
    ask, visit = rows[0]["ask"], result["visit"]
    calls = Calls(
        ask_writes=ask["dynamodb_write_units"],
        ask_reads=Fraction(ask.get("dynamodb_read_units", 0)),
        ask_messages=ask["websocket_units"],
        answer_reads=Fraction(rows[0].get("dynamodb_read_units", 0)),
        writes_base=_whole(writes[0]),
        writes_per_delta=_whole(writes[1]),
        writes_per_kb=_whole(writes[2]),
        other_posts=max(row["posts"] - row["deltas"] for row in rows),
        stored_base=ask["dynamodb_stored_bytes"] + stored[0],
        stored_per_delta=stored[1],
        stored_per_byte=stored[2],
        posted_base=posted[0],
        posted_per_delta=posted[1],
        posted_per_byte=posted[2],
        log_bytes=max(row["log_bytes"] + row["ask"]["log_bytes"] for row in rows),
        prompt_chars=max(row["prompt_chars"] for row in rows),
        kms_requests=max(
            row.get("kms_requests", 0) + row["ask"].get("kms_requests", 0) for row in rows
        ),
        tenant_writes=max(
            row.get("writes to T DAY", 0) + row["ask"].get("writes to T DAY", 0) for row in rows
        ),
        visit_writes=sum(visit[part].get("dynamodb_write_units", 0) for part in _VISIT),
        visit_reads=sum(
            (Fraction(visit[part].get("dynamodb_read_units", 0)) for part in _VISIT), Fraction(0)
        ),
        visit_messages=sum(visit[part]["websocket_units"] for part in _VISIT),
        ping_reads=Fraction(visit["ping"].get("dynamodb_read_units", 0)),
        ping_messages=visit["ping"]["websocket_units"],
    )
    for row in rows:
        computed = calls.writes(row["deltas"], row["text_bytes"])
        if computed != row["dynamodb_write_units"]:
            raise BadFigures(
                f"An answer of {row['tokens']} tokens wrote {row['dynamodb_write_units']} units, "
                f"not {computed}: run make bench-answer-calls again, or mend reduce_calls."
            )
    return calls


_VISIT = ("connect", "disconnect")


def _pair(rows: Any, group: Any, value: Any) -> tuple[Any, Any]:
    """The two rows of one group that lie farthest apart."""
    pairs = [
        (low, high)
        for low in rows
        for high in rows
        if group(low) == group(high) and value(low) < value(high)
    ]
    if not pairs:
        raise BadFigures("The result needs two answers of the same text at different speeds.")
    return max(pairs, key=lambda pair: value(pair[1]) - value(pair[0]))


def _whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise BadFigures(f"Write units come in whole numbers, not {value}.")
    return int(value)
