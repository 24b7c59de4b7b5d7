"""CloudWatch's embedded metric format as its specification has it, and its lines in an output.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import jsonschema

from copilot.telemetry.log import configure_logging

_SIZES = [
    f"{prefix}{kind}".capitalize()
    for prefix in ("", "kilo", "mega", "giga", "tera")
    for kind in ("bytes", "bits")
]
_PLAIN = ["Seconds", "Microseconds", "Milliseconds", "Percent", "None", "Count"]
UNITS = [*_PLAIN, *_SIZES, *(f"{unit}/Second" for unit in ["Count", *_SIZES])]
_NAME = {"type": "string", "minLength": 1, "maxLength": 255}
_METRIC = {
    "type": "object",
    "required": ["Name"],
    "additionalProperties": False,
    "properties": {
        "Name": _NAME,
        "Unit": {"enum": UNITS},
        "StorageResolution": {"enum": [1, 60]},
    },
}
_DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": _NAME,
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "maxItems": 30, "items": _NAME},
        },
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": _METRIC},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "additionalProperties": False,
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1},
                "CloudWatchMetrics": {"type": "array", "items": _DIRECTIVE},
            },
        }
    },
}
"""The structure; ``check`` adds what a schema cannot say."""

MAX_BYTES = 256 * 1024


def logged() -> io.StringIO:
    """Where the logs of this process go from now on."""
    configure_logging("INFO")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    handler.setStream(lines)
    return lines


def check(line: str) -> dict[str, Any]:
    """The document of a line.

    Raises:
        AssertionError, jsonschema.ValidationError: CloudWatch would not read it.
    """
    assert len(line.encode()) <= MAX_BYTES
    document: dict[str, Any] = json.loads(line)
    jsonschema.validate(document, SCHEMA)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for name in {name for names in directive["Dimensions"] for name in names}:
            assert isinstance(document[name], str), name
            assert 1 <= len(document[name]) <= 1024
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            assert 1 <= len(values) <= 100, metric
            assert all(type(one) in (int, float) for one in values), metric
    return document


def lines_of(output: str) -> list[dict[str, Any]]:
    """Every line of ``output`` decoded: each must be one JSON object."""
    return [json.loads(line) for line in output.splitlines()]


def metrics_of(output: str) -> list[dict[str, Any]]:
    """The documents of ``output`` that carry metrics, each checked."""
    return [check(line) for line in output.splitlines() if '"_aws"' in line]


def values_of(document: dict[str, Any]) -> dict[str, Any]:
    """Metric name -> value or values."""
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
