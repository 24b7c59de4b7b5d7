"""Faults, route selection, partial failures and authorizers: the pure decisions of the stack."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.declared.blueprint import Route, WebSocketApi
from local.edges.authorization import allows
from local.edges.proxy_events import ProxyEvents
from local.faults import Faults, Rule
from local.triggers.event_sources import failed_ids

API = WebSocketApi(
    api_id="api",
    stage="dev",
    selection="action",
    routes={key: Route(key, "F", True) for key in ("$connect", "$default", "hello", "message")},
    authorizer=None,
)


def test_without_rules_everything_passes() -> None:
    faults = Faults()
    assert faults.on_push("c", "frame") == []
    assert faults.on_post("c", b"") is None
    assert faults.on_call("sqs", "SendMessage") == []


def test_a_rule_strikes_what_it_names_after_its_skips_as_often_as_told() -> None:
    faults = Faults()
    faults.add(Rule(kind="drop", contains="delta", connection="c", skip=1, times=2))
    struck = [bool(faults.on_push("c", "a delta")) for _ in range(5)]
    assert struck == [False, True, True, False, False]
    assert faults.rules == []
    faults.add(Rule(kind="drop", contains="delta", connection="c"))
    assert not faults.on_push("other", "a delta")
    assert not faults.on_push("c", "an end")
    assert faults.on_push("c", b"a delta in bytes")


def test_rules_of_one_place_do_not_strike_another() -> None:
    faults = Faults()
    faults.add(Rule(kind="refuse", status=410, times=None))
    faults.add(Rule(kind="deny", service="dynamodb", contains="UpdateItem", times=None))
    assert faults.on_push("c", "x") == []
    refusal = faults.on_post("c", b"")
    assert refusal is not None
    assert refusal.status == 410
    assert not faults.on_call("sqs", "UpdateItem")
    assert not faults.on_call("dynamodb", "GetItem")
    assert faults.on_call("dynamodb", "UpdateItem")


def test_probabilities_repeat_with_their_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Rule(kind="drop", probability=0.5, times=None))
        return [bool(faults.on_push("c", "x")) for _ in range(200)]

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    assert 60 < Counter(strikes(1))[True] < 140


@given(st.text() | st.binary())
def test_any_frame_selects_a_route_that_exists(body: str | bytes) -> None:
    assert ProxyEvents(API).select(body) == "$default"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_selects_a_route_that_exists(value: Any) -> None:
    body = json.dumps({"action": value})
    expected = value if value in ("hello", "message") else "$default"
    assert ProxyEvents(API).select(body) == expected


MESSAGES: list[dict[str, Any]] = [{"MessageId": "a"}, {"MessageId": "b"}]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"wrong": "b"}]}, {"a", "b"}),
        ("text", {"a", "b"}),
    ],
)
def test_partial_failures_are_read_as_lambda_reads_them(answer: Any, kept: set[str]) -> None:
    assert failed_ids(answer, MESSAGES) == kept


ARN = "arn:aws:execute-api:us-east-1:000000000000:api/dev/$connect"


def policy(*statements: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "policyDocument": {
            "Statement": [
                {"Effect": effect, "Action": action, "Resource": resource}
                for effect, action, resource in statements
            ]
        }
    }


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ({"isAuthorized": True}, True),
        ({"isAuthorized": "true"}, False),
        ({}, False),
        (policy(("Allow", "execute-api:Invoke", ARN)), True),
        (policy(("Allow", "execute-api:*", "arn:aws:execute-api:*")), True),
        (policy(("Allow", "s3:GetObject", ARN)), False),
        (policy(("Allow", "execute-api:Invoke", ARN + "x")), False),
        (policy(("Allow", "execute-api:Invoke", "*"), ("Deny", "*", ARN)), False),
    ],
)
def test_policies_of_authorizers(answer: dict[str, Any], allowed: bool) -> None:
    assert allows(answer, ARN) is allowed


def test_a_call_is_struck_by_what_its_request_holds_until_the_rule_is_lifted() -> None:
    faults = Faults()
    rule = faults.add(Rule("late", service="dynamodb", body="ANS#a", ms=5, times=None))
    assert not faults.on_call("dynamodb", "PutItem", b"ANS#b")
    assert faults.on_call("dynamodb", "PutItem", b"key ANS#a")
    faults.remove(rule)
    assert not faults.on_call("dynamodb", "PutItem", b"key ANS#a")
