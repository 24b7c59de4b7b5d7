"""One table, one JSON file, one verdict: what an evaluation prints, keeps and compares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.eval_groups import Row, ours
from benchmarks.eval_metrics import Interval, interval, paired
from benchmarks.eval_rankings import OURS
from benchmarks.eval_sets import BadData

SCHEMA = 1


@dataclass(frozen=True)
class Change:
    """How a metric of ours moved against the committed result."""

    metric: str
    difference: Interval

    @property
    def fell(self) -> bool:
        """Whether it fell beyond noise: the whole 95 % interval lies below zero."""
        return self.difference.high < 0


def table(name: str, rows: Sequence[Row]) -> str:
    """The rows as a Markdown table: a line per metric, a column per system that ranks, means with
    their 95 % bootstrap intervals, and in the last column ours against the best of the others,
    paired."""
    systems = list(dict.fromkeys(row.system for row in rows if row.group == rows[0].group))
    lines: dict[str, dict[str, Row]] = {}
    for row in rows:
        lines.setdefault(f"{row.group}: {row.metric}", {})[row.system] = row
    compared = any(row.system != OURS for row in rows)
    head = ["", "questions", *systems, *(["ours - best other"] if compared else [])]
    out = [f"### {name}", "", _line(head), _line(["---"] * len(head))]
    for metric, found in lines.items():
        cells = [metric, str(len(next(iter(found.values())).values))]
        cells += [_cell(found[s]) if s in found else "" for s in systems]
        out.append(_line([*cells, *([_against(found)] if compared else [])]))
    return "\n".join(out)


def kept(name: str, rows: Sequence[Row], facts: Mapping[str, str | int]) -> dict[str, object]:
    """What the JSON file holds: facts, every mean with its interval, our values per question."""
    return {
        "schema": SCHEMA,
        "set": name,
        "facts": dict(facts),
        "means": [
            {
                "group": row.group,
                "system": row.system,
                "metric": row.metric,
                "questions": len(row.values),
                **{k: round(v, 4) for k, v in vars(interval(list(row.values.values()))).items()},
            }
            for row in rows
        ],
        "ours": {metric: _rounded(values) for metric, values in ours(list(rows)).items()},
    }


def changes(new: Mapping[str, Mapping[str, float]], committed: Path) -> list[Change]:
    """Compare our values with a committed result by paired bootstrap over the shared questions.

    A metric that one side lacks is not compared.

    Raises:
        BadData: the committed file is not a result.
    """
    try:
        old = json.loads(committed.read_text("utf-8"))
        before = old["ours"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadData(f"{committed} is not a result of make eval ({error!r}).") from error
    return [
        Change(metric, paired(_rounded(values), before[metric]))
        for metric, values in new.items()
        if metric in before and values.keys() & before[metric].keys()
    ]


def write(path: Path, result: Mapping[str, object]) -> None:
    """Write a result; one line per metric, so that a change can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for key, value in result.items():
        if isinstance(value, list):
            body = "[\n" + ",\n".join(f"  {json.dumps(v)}" for v in value) + "\n ]"
        elif key == "ours" and isinstance(value, dict):
            inner = (f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            body = "{\n" + ",\n".join(inner) + "\n }"
        else:
            body = json.dumps(value)
        parts.append(f" {json.dumps(key)}: {body}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    """As the file holds them: rounding must not look like a change."""
    return {key: round(value, 4) for key, value in values.items()}


def _cell(row: Row) -> str:
    found = interval(list(row.values.values()))
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _against(found: Mapping[str, Row]) -> str:
    others = [row for system, row in found.items() if system != OURS]
    if OURS not in found or not others:
        return ""
    best = max(others, key=lambda row: sum(row.values.values()))
    gap = paired(found[OURS].values, best.values)
    mean = interval(list(best.values.values())).mean
    return f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] ({best.system}: {mean:.3f})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
