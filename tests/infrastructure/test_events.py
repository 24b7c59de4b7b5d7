"""The events for `sam local invoke` are of the shape that AWS sends and of this protocol."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from copilot import wire
from embed.uploaded import keys_of
from http_api import openapi
from http_api.authentication import authenticate
from http_api.paths import routable
from tests.infrastructure.test_template import of_type, routes
from tests.infrastructure.translate import ROOT

EVENTS = ROOT / "events"
REQUESTS = sorted(
    path for path in EVENTS.glob("*.json") if "requestContext" in json.loads(path.read_text())
)
HTTP = [path for path in REQUESTS if "http" in json.loads(path.read_text())["requestContext"]]
WEBSOCKET = [path for path in REQUESTS if path not in HTTP]
MESSAGES = [path for path in WEBSOCKET if "body" in json.loads(path.read_text())]


def load(name: str | Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return event


@pytest.mark.parametrize("path", HTTP, ids=lambda p: p.stem)
def test_a_request_is_one_of_the_api(path: Path) -> None:
    event = load(path)
    http = event["requestContext"]["http"]
    served = [
        (method.upper(), re.sub(r"\{\w+\}", "[^/]+", template))
        for template, operations in openapi.document()["paths"].items()
        for method in operations
    ]
    path_sent = routable(event["rawPath"])
    assert [p for m, p in served if m == http["method"] and re.fullmatch(p, path_sent)]
    assert event["version"] == "2.0"
    assert authenticate(event["headers"], None, 0).identity.user == "anon-browser-1"


def test_every_route_of_the_template_has_an_event(translated: dict[str, Any]) -> None:
    keys = {route["RouteKey"] for route in routes(translated).values()}
    assert {load(path)["requestContext"]["routeKey"] for path in WEBSOCKET} == keys


@pytest.mark.parametrize("path", MESSAGES, ids=lambda p: p.stem)
def test_a_frame_reaches_the_route_of_its_action(path: Path, translated: dict[str, Any]) -> None:
    event = load(path)
    context = event["requestContext"]
    action = json.loads(event["body"])["action"]
    keys = {route["RouteKey"] for route in routes(translated).values()}
    assert context["eventType"] == "MESSAGE"
    assert context["messageId"]
    assert context["routeKey"] == (action if action in keys else "$default")


@pytest.mark.parametrize("path", MESSAGES, ids=lambda p: p.stem)
def test_a_frame_decodes_unless_it_is_the_unknown_one(path: Path) -> None:
    body = load(path)["body"]
    if path.stem == "default":
        with pytest.raises(wire.ProtocolError) as caught:
            wire.decode_client(body)
        assert caught.value.code == "unknown_action"
    else:
        wire.decode_client(body)


def test_the_short_form_asks_a_question() -> None:
    short = wire.decode_client(load("message-short.json")["body"])
    assert isinstance(short, wire.Ask)
    assert short.question


def test_an_upload_is_told_as_s3_tells_it() -> None:
    (record,) = load("documents.json")["Records"]
    assert keys_of(record["body"]) == ["finance/tariff 2027.md"]
    assert hashlib.md5(record["body"].encode()).hexdigest() == record["md5OfBody"]


def test_every_queue_that_a_function_reads_has_an_event(translated: dict[str, Any]) -> None:
    read = {
        mapping["EventSourceArn"]["Fn::GetAtt"][0]
        for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    }
    told = {
        record["eventSourceARN"].rpartition("-")[2]
        for path in EVENTS.glob("*.json")
        for record in load(path).get("Records", [])
    }
    assert told == read


@pytest.mark.parametrize("name", ["sqs.json", "dead-letter.json"])
def test_a_queue_event_names_the_answer_that_the_frames_resume(name: str) -> None:
    (record,) = load(name)["Records"]
    resumed = json.loads(load("resume.json")["body"])["answer_id"]
    assert json.loads(record["body"]) == {"v": 1, "answer_id": resumed}
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["MessageGroupId"]
