"""The API's OpenAPI document: ``python -m http_api.openapi > http_api/openapi.json``."""

from __future__ import annotations

import json
import sys
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer

from copilot import wire
from http_api import api
from http_api.authentication import CLIENT_ID_HEADER
from http_api.wire_types import MARK

_COMPONENT = "#/components/schemas/"
_UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""What Powertools adds for its own form of errors, which this API does not use."""


def document() -> dict[str, Any]:
    """The document as JSON values, the wire protocol's types among its components."""
    resolver = api.build()
    text = resolver.get_openapi_json_schema(
        title="EnergyCopilot",
        version="1.0.0",
        description="Cited answers over energy documents. See docs/http-api.md.",
        security_schemes={
            "ClientId": APIKey.model_validate(
                {
                    "name": CLIENT_ID_HEADER,
                    "in": APIKeyIn.header,
                    "description": "The client_id of the WebSocket's hello message.",
                }
            ),
            "Credential": HTTPBearer.model_validate(
                {"description": "An API key or an ID token, where people sign in."}
            ),
        },
        security=[{"ClientId": []}, {"Credential": []}],
    )
    spec: dict[str, Any] = json.loads(text)
    del spec["servers"]
    schemas: dict[str, Any] = spec["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    used: set[str] = set()
    schemas = _tidied(schemas, used) | _wire_schemas(used)
    spec["components"]["schemas"] = dict(sorted(schemas.items()))
    spec["paths"] = _tidied(dict(sorted(spec["paths"].items())), used)
    for operations in spec["paths"].values():
        for operation in operations.values():
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return spec


def _tidied(value: Any, used: set[str]) -> Any:
    """References in place of the marks of wire types, whose names ``used`` gathers; and no
    titles, which only repeat the names of fields."""
    if isinstance(value, list):
        return [_tidied(item, used) for item in value]
    if not isinstance(value, dict):
        return value
    if MARK in value:
        used.add(value[MARK])
        return {"$ref": _COMPONENT + value[MARK]}
    return {
        k: _tidied(v, used) for k, v in value.items() if not (k == "title" and isinstance(v, str))
    }


def _wire_schemas(used: set[str]) -> dict[str, Any]:
    """The wire's own schemas of ``used`` and of what they refer to."""
    known = wire.json_schema()["$defs"]
    found: dict[str, Any] = {}
    waiting = sorted(used)
    while waiting:
        name = waiting.pop()
        if name not in found:
            text = json.dumps(known[name]).replace("#/$defs/", _COMPONENT)
            found[name] = json.loads(text)
            waiting += [part.split('"')[0] for part in text.split(_COMPONENT)[1:]]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
