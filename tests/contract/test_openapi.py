"""The committed OpenAPI document is what the code says, and names the protocol's own types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copilot import wire
from http_api import openapi

COMMITTED = Path(openapi.__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def test_the_committed_document_is_current(document: dict[str, Any]) -> None:
    assert json.loads(COMMITTED.read_text()) == document, "run: make generate"


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert all(name.isidentifier() and "_" not in name for name in names)
    assert len(set(names)) == len(names)


def test_types_of_the_wire_are_the_wires_own(document: dict[str, Any]) -> None:
    known = json.loads(
        json.dumps(wire.json_schema()["$defs"]).replace("#/$defs/", "#/components/schemas/")
    )
    schemas = document["components"]["schemas"]
    shared = {"Source", "End", "Receipt", "Citation", "Flag"}
    assert shared <= schemas.keys()
    for name in shared:
        assert schemas[name] == known[name]


def test_no_reference_dangles(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named == document["components"]["schemas"].keys()
