"""What a request to AWS needs a permission for, and what a role allows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.services.aws_calls import Call, calls, manage_connections
from local.services.permissions import Permissions, Statement

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/answers"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:questions"


def asked(service: str, operation: str, body: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = calls(service, operation, "POST", "/", json.dumps(body).encode())
    return [(call.action, call.resource) for call in found]


def test_an_item_is_asked_of_its_table_and_a_query_of_its_index() -> None:
    assert asked("dynamodb", "GetItem", {"TableName": "answers", "Key": {}}) == [
        ("dynamodb:GetItem", TABLE)
    ]
    assert asked("dynamodb", "Query", {"TableName": "answers", "IndexName": "owner"}) == [
        ("dynamodb:Query", f"{TABLE}/index/owner")
    ]
    assert asked("dynamodb", "BatchWriteItem", {"RequestItems": {"answers": []}}) == [
        ("dynamodb:BatchWriteItem", TABLE)
    ]


def test_a_transaction_needs_the_permission_of_each_of_its_items() -> None:
    items = [{kind: {"TableName": "answers"}} for kind in ("Put", "Update", "ConditionCheck")]
    assert asked("dynamodb", "TransactWriteItems", {"TransactItems": items}) == [
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:UpdateItem", TABLE),
        ("dynamodb:ConditionCheckItem", TABLE),
    ]


def test_queues_secrets_and_keys_are_told_by_the_body() -> None:
    address = "http://127.0.0.1:4566/000000000000/questions"
    assert asked("sqs", "SendMessageBatch", {"QueueUrl": address}) == [("sqs:SendMessage", QUEUE)]
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:key-AbCdEf"
    assert asked("secretsmanager", "GetSecretValue", {"SecretId": secret}) == [
        ("secretsmanager:GetSecretValue", secret)
    ]
    assert asked("kms", "Decrypt", {"CiphertextBlob": "AQ=="}) == [("kms:Decrypt", None)]
    assert asked("sts", "GetCallerIdentity", {}) == []


@pytest.mark.parametrize(
    ("method", "path", "action", "resource"),
    [
        ("GET", "/b/a/c.json?versionId=1", "s3:GetObject", "arn:aws:s3:::b/a/c.json"),
        ("HEAD", "/b/k", "s3:GetObject", "arn:aws:s3:::b/k"),
        ("PUT", "/b/k%20l", "s3:PutObject", "arn:aws:s3:::b/k l"),
        ("POST", "/b/k?uploads", "s3:PutObject", "arn:aws:s3:::b/k"),
        ("DELETE", "/b/k", "s3:DeleteObject", "arn:aws:s3:::b/k"),
        ("GET", "/b?list-type=2", "s3:ListBucket", "arn:aws:s3:::b"),
    ],
)
def test_objects_are_told_by_method_and_path(
    method: str, path: str, action: str, resource: str
) -> None:
    assert calls("s3", "", method, path, b"") == [Call(action, resource)]


def permissions(*statements: dict[str, Any]) -> Permissions:
    return Permissions({"Asker": tuple(map(Statement.of, statements))}, {"Asker": "AskerRole"})


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


GET = Call("dynamodb:GetItem", TABLE, ("CONN#1",))


def test_what_a_statement_allows_is_allowed_and_nothing_else() -> None:
    role = permissions(allow(["dynamodb:GetItem"], TABLE))
    assert role.refusal("Asker", [GET]) is None
    assert role.refused == []
    refusal = role.refusal("Asker", [GET, Call("dynamodb:DeleteItem", TABLE)])
    assert refusal is not None
    for named in ("Asker is not authorized", "dynamodb:DeleteItem", TABLE, "AskerRole"):
        assert named in refusal
    assert role.refused == [refusal]


def test_a_table_is_not_its_index_nor_another_table() -> None:
    role = permissions(allow("dynamodb:*", TABLE))
    assert role.allows("Asker", GET)
    assert not role.allows("Asker", Call("dynamodb:Query", f"{TABLE}/index/owner"))
    assert not role.allows("Asker", Call("dynamodb:GetItem", f"{TABLE}2"))


def test_a_denial_wins() -> None:
    denial = {"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": "*"}
    assert not permissions(allow("dynamodb:*", "*"), denial).allows("Asker", GET)


def test_items_are_bound_to_leading_keys() -> None:
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TICKET#*"]}}
    role = permissions(allow("dynamodb:GetItem", TABLE, Condition=condition))
    assert role.allows("Asker", Call("dynamodb:GetItem", TABLE, ("TICKET#1",)))
    assert not role.allows("Asker", GET)
    assert not role.allows("Asker", Call("dynamodb:GetItem", TABLE))


def test_a_function_posts_and_closes_only_as_its_role_says() -> None:
    stage = "arn:aws:execute-api:us-east-1:000000000000:api/dev"
    role = permissions(allow("execute-api:ManageConnections", f"{stage}/POST/@connections/*"))
    assert role.allows("Asker", manage_connections("api", "dev", "POST", "a="))
    assert not role.allows("Asker", manage_connections("api", "dev", "DELETE", "a="))
    assert not role.allows("Asker", manage_connections("api", "prod", "POST", "a="))


def test_tools_that_are_no_function_may_do_anything() -> None:
    assert permissions().refusal("local", [GET]) is None
