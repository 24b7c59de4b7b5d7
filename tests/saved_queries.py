"""The saved queries of CloudWatch Logs Insights, and which fields they read.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from tests.infrastructure.translate import ROOT, source

TEMPLATE = ROOT / "infra" / "observability.yaml"
COMMANDS = {"fields", "filter", "stats", "sort", "limit"}
FUNCTIONS = {"count", "sum", "max", "pct", "latest", "bin"}
WORDS = {"by", "as", "asc", "desc", "in", "and", "or", "not"}
OF_LOGS_INSIGHTS = {"@timestamp", "@log"}
OF_LAMBDA = {"type", "record.metrics.initDurationMs", "record.metrics.maxMemoryUsedMB"}
"""Of the line `platform.report`, which Lambda itself writes:
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""


class SavedQuery(Struct, frozen=True):
    """A query with the log groups that it reads, by the names of the template's parameters."""

    name: str
    groups: frozenset[str]
    text: str


def saved_queries() -> list[SavedQuery]:
    """All of the template."""
    found: list[SavedQuery] = []
    for resource in source(TEMPLATE)["Resources"].values():
        if resource["Type"] == "AWS::Logs::QueryDefinition":
            declared: dict[str, Any] = resource["Properties"]
            groups = frozenset(group["Ref"] for group in declared["LogGroupNames"])
            found.append(SavedQuery(declared["Name"]["Fn::Sub"], groups, declared["QueryString"]))
    return found


def fields_of(query: str) -> set[str]:
    """The fields that ``query`` reads.

    Raises:
        ValueError: a command or a function that is not known here.
    """
    found: set[str] = set()
    aliases: set[str] = set()
    for command in re.sub(r"\"[^\"]*\"|'[^']*'", "", query).split("|"):
        verb, _, rest = command.strip().partition(" ")
        if verb not in COMMANDS:
            raise ValueError(f"unknown command: {verb}")
        functions = set(re.findall(r"(\w+)\(", rest))
        if functions - FUNCTIONS:
            raise ValueError(f"unknown functions: {functions - FUNCTIONS}")
        aliases |= set(re.findall(r"\bas (\w+)", rest))
        rest = re.sub(r"\bas \w+|\w+(?=\()", "", rest)
        found |= set(re.findall(r"(?<![\w.@])@?[A-Za-z_][\w.]*", rest)) - WORDS
    return found - aliases
