"""The local stack's /api does what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.local_stack import LocalStack

DOCUMENT = Path(__file__).resolve().parents[2] / "http_api" / "openapi.json"
CLIENT = {"x-client-id": "contract"}

load_all_checks()
schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text()))


@schema.parametrize()
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_the_api_keeps_its_contract(case: Any, shared_stack: LocalStack) -> None:
    response = case.call(base_url=f"{shared_stack.url}/api", headers=CLIENT, timeout=40)
    case.validate_response(
        response,
        checks=[
            schemathesis.checks.not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


def test_the_page_finds_the_api_and_the_api_finds_the_documents(
    shared_stack: LocalStack,
) -> None:
    config = _get(f"{shared_stack.url}/config.json")
    health = _get(f"{shared_stack.url}{config['apiUrl']}/health")
    documents = _get(f"{shared_stack.url}{config['apiUrl']}/documents?limit=1")
    assert health["corpus_version"] == documents["corpus_version"]
    (first,) = documents["items"]
    encoded = first["document"].replace("/", "%2F")
    whole = _get(f"{shared_stack.url}{config['apiUrl']}/documents/{encoded}")
    assert whole["document"] == first["document"]


def _get(url: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=CLIENT)) as answer:
        return json.load(answer)
