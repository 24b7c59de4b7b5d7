"""The body of a CloudWatch dashboard, as far as ours uses what is documented.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from typing import Any

COLUMNS = 24

_STATISTIC = {
    "type": "string",
    "pattern": r"^(SampleCount|Average|Sum|Minimum|Maximum|IQM|p(\d{1,2}(\.\d{0,10})?|100))$",
}
_RENDERING = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "stat": _STATISTIC,
        "label": {"type": "string"},
        "color": {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        "yAxis": {"enum": ["left", "right"]},
        "id": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9_]*$"},
        "period": {"type": "integer", "multipleOf": 60},
        "visible": {"type": "boolean"},
    },
}
_EXPRESSION = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": {
        "type": "object",
        "required": ["expression"],
        "additionalProperties": False,
        "properties": {
            "expression": {"type": "string", "maxLength": 1024},
            "label": {"type": "string"},
            "id": {"type": "string"},
            "yAxis": {"enum": ["left", "right"]},
        },
    },
}
_METRIC = {
    "type": "array",
    "prefixItems": [{"type": "string"}, {"type": "string"}],
    "items": {"anyOf": [{"type": "string"}, _RENDERING]},
    "minItems": 3,
}
_PROPERTIES: dict[str, Any] = {
    "metric": {
        "required": ["region", "metrics"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "region": {"type": "string"},
            "view": {"enum": ["timeSeries", "singleValue", "bar", "pie", "gauge", "table"]},
            "stacked": {"type": "boolean"},
            "period": {"type": "integer", "multipleOf": 60, "minimum": 60},
            "metrics": {
                "type": "array",
                "minItems": 1,
                "maxItems": 500,
                "items": {"anyOf": [_EXPRESSION, _METRIC]},
            },
            "annotations": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "horizontal": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["value"],
                            "additionalProperties": False,
                            "properties": {
                                "label": {"type": "string"},
                                "value": {"type": "number"},
                            },
                        },
                    }
                },
            },
        },
    },
    "text": {
        "required": ["markdown"],
        "additionalProperties": False,
        "properties": {"markdown": {"type": "string", "minLength": 1}},
    },
    "log": {
        "required": ["region", "query"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "region": {"type": "string"},
            "query": {"type": "string", "pattern": "^SOURCE '"},
            "view": {"enum": ["table", "timeSeries", "bar", "pie"]},
        },
    },
    "alarm": {
        "required": ["alarms"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "alarms": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {"type": "string", "pattern": "^arn:aws[a-z-]*:cloudwatch:"},
            },
            "sortBy": {"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
        },
    },
}


def _widget(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "x", "y", "width", "height", "properties"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": kind},
            "x": {"type": "integer", "minimum": 0, "maximum": COLUMNS - 1},
            "y": {"type": "integer", "minimum": 0},
            "width": {"type": "integer", "minimum": 1, "maximum": COLUMNS},
            "height": {"type": "integer", "minimum": 1, "maximum": 1000},
            "properties": {"type": "object", **_PROPERTIES[kind]},
        },
    }


SCHEMA = {
    "type": "object",
    "required": ["widgets"],
    "additionalProperties": False,
    "properties": {
        "start": {"type": "string", "pattern": r"^-PT?\d+[HMDW]$"},
        "periodOverride": {"enum": ["auto", "inherit"]},
        "widgets": {
            "type": "array",
            "maxItems": 500,
            "items": {"oneOf": [_widget(kind) for kind in _PROPERTIES]},
        },
    },
}
