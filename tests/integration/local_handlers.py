"""Handlers that the tests of the local stack run in real worker processes."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import boto3


def echo(event: Any, context: Any) -> dict[str, Any]:
    """What it was given, by whom, in which process."""
    return {
        "event": event,
        "request_id": context.aws_request_id,
        "function": context.function_name,
        "left_ms": context.get_remaining_time_in_millis(),
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "directory": str(Path.cwd()),
    }


def misbehave(event: dict[str, Any], context: Any) -> Any:
    """Whatever the event says: sleep, raise, exit, print."""
    if "print" in event:
        sys.stdout.write(event["print"] + "\n")
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        sys.stdout.flush()
        os._exit(event["exit"])
    return {"pid": os.getpid()}


def socket(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A WebSocket function: refuses, raises, posts back or replies, as the query or body says."""
    request = event["requestContext"]
    query = event.get("queryStringParameters") or {}
    if request["eventType"] == "CONNECT":
        if query.get("fail"):
            raise ValueError("no")
        return {
            "statusCode": int(query.get("status", 200)),
            "headers": {"Sec-WebSocket-Protocol": query["protocol"]} if "protocol" in query else {},
            "body": "refused",
        }
    if request["eventType"] == "DISCONNECT":
        _note(f"disconnect {request['connectionId']} {request['disconnectStatusCode']}")
        return {"statusCode": 200}
    body = event.get("body") or ""
    if "please fail" in body:
        raise ValueError("no")
    if "please post" in body:
        client = boto3.client(
            "apigatewaymanagementapi", endpoint_url=os.environ["WEBSOCKET_ENDPOINT"]
        )
        for number in range(20):
            client.post_to_connection(
                ConnectionId=request["connectionId"], Data=f"post {number}".encode()
            )
    return {"statusCode": 200, "body": json.dumps(event)}


def authorize(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REQUEST authorizer: ``?ticket=`` good, denied, word (raises Unauthorized) or broken."""
    ticket = event["queryStringParameters"]["ticket"]
    if ticket == "word":
        raise ValueError("Unauthorized")
    if ticket == "broken":
        raise RuntimeError("boom")
    effect = "Allow" if ticket == "good" else "Deny"
    return {
        "principalId": "somebody",
        "context": {"tenant": "acme", "admin": True},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
            ],
        },
    }


def queue(event: dict[str, Any], context: Any) -> Any:
    """A queue's reader: notes every body, fails those that ask for it, one by one or all."""
    failures = []
    for record in event["Records"]:
        _note(f"{record['body']} {record['attributes']['ApproximateReceiveCount']}")
        if record["body"].startswith("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
        if record["body"].startswith("raise"):
            raise ValueError("no")
    return {"batchItemFailures": failures}


def http(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An HTTP function: its event as the body of the response."""
    return {
        "statusCode": 201,
        "headers": {"X-Seen": event["routeKey"]},
        "cookies": ["a=1", "b=2"],
        "body": json.dumps(event),
    }


def _note(line: str) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(line + "\n")
