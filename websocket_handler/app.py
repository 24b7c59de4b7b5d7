"""Entry of the WebSocket function: decode an API Gateway event, call one function, encode.

It is the outermost edge: whatever goes wrong inside is logged here and told to the client.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from copilot.access.connections import Connection, Connections, UnknownConnection
from copilot.aws_clients import aws_clients
from copilot.identity import Identity, anonymous_user
from copilot.telemetry.log import about, configure_logging
from copilot.telemetry.metrics import FAILURES, EmfMetrics
from copilot.wire import AnyServerEvent, Error, ProtocolError, decode_client, encode_event
from websocket_handler.clients import client_config, sealed_table
from websocket_handler.desk import AwsDesk
from websocket_handler.figures import figures_of
from websocket_handler.pushes import hang_up, push
from websocket_handler.routes import Caller, Outcome, Routes
from websocket_handler.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

logger = logging.getLogger(__name__)


class App:
    """One process's worth of clients and routes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = EmfMetrics(settings.stack_name, time.time)
        config = client_config()
        table = sealed_table(settings.table_name, settings.kms_key_id)
        self.connections = Connections(table, time.time)
        desk = AwsDesk(
            table,
            aws_clients().client("sqs", config=config),
            settings.queue_url,
            time.time,
            questions_per_minute=settings.questions_per_minute,
            allowance=settings.allowance,
            retention_s=settings.retention_s,
            audit_s=settings.audit_s,
            redacted=settings.redacted,
        )
        self.routes = Routes(desk, time.time, settings.questions_per_minute)

    @functools.cached_property
    def management(self) -> ApiGatewayManagementApiClient:
        """The push client; most routes answer through their route response and never need it."""
        return aws_clients().client(
            "apigatewaymanagementapi",
            endpoint_url=self.settings.websocket_endpoint,
            config=client_config(),
        )


@functools.cache
def app() -> App:
    settings = Settings.of(os.environ)
    configure_logging(settings.log_level)
    return App(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Serve one WebSocket event of API Gateway ($connect, $disconnect or a message)."""
    request = event["requestContext"]
    request_id = getattr(context, "aws_request_id", None)
    with about(connection_id=request["connectionId"], request_id=request_id):
        match request["eventType"]:
            case "CONNECT":
                return _connect(app(), event)
            case "DISCONNECT":
                app().connections.close(request["connectionId"])
                return {"statusCode": 200}
            case _:
                return _message(app(), event)


def _connect(app: App, event: dict[str, Any]) -> dict[str, Any]:
    request = event["requestContext"]
    context = request.get("authorizer") or {}
    if "tenant" not in context:
        logger.error("no authorizer ran before $connect")
        return {"statusCode": 403, "body": "This connection was not authorized."}
    connection_id = request["connectionId"]
    identity = Identity(
        tenant=context["tenant"],
        user=context["user"] or anonymous_user(connection_id),
        groups=tuple(json.loads(context["groups"])),
    )
    app.connections.open(
        Connection(
            connection_id=connection_id,
            identity=identity,
            anonymous=context["anonymous"] == "true",
            connected_at=int(request.get("connectedAt", 0)) // 1000,
            expires_at=int(context.get("expires_at", 0)),
            credential=context.get("credential", ""),
        )
    )
    return {"statusCode": 200}


def _message(app: App, event: dict[str, Any]) -> dict[str, Any]:
    request = event["requestContext"]
    connection_id = request["connectionId"]
    try:
        outcome = _serve(app, event)
    except ProtocolError as error:
        outcome = _only(Error(code=error.code, message=error.message))
    except UnknownConnection:
        outcome = _only(
            Error(code="unknown_connection", message="This connection has expired; connect again.")
        )
    except Exception:
        logger.exception("route failed", extra={"route": request.get("routeKey")})
        app.metrics.record("failure", {FAILURES: 1})
        outcome = _only(
            Error(
                code="internal",
                message="Something failed on the server; send it again.",
                ref=request.get("requestId"),
            )
        )
    if figures := figures_of(outcome.replies):
        app.metrics.record("asked", figures, **_about(outcome.replies))
    for other, push_event in outcome.pushes:
        push(app.management, other, push_event)
    if len(outcome.replies) == 1 and not outcome.hang_up:
        return _body(outcome.replies[0])
    for reply in outcome.replies:
        push(app.management, connection_id, reply)
    if outcome.hang_up:
        # The row goes first: from then on the socket is nobody's.
        app.connections.close(connection_id)
        hang_up(app.management, connection_id)
    return {"statusCode": 200}


def _serve(app: App, event: dict[str, Any]) -> Outcome:
    if event.get("isBase64Encoded"):
        raise ProtocolError("binary_frame", "Frames must be JSON text, not binary.")
    request = event["requestContext"]
    message = decode_client(event.get("body") or "")
    connection, now = app.connections.get(request["connectionId"]), time.time()
    caller = Caller(
        connection_id=connection.connection_id,
        identity=connection.identity,
        signed_in=connection.is_signed_in(now),
        lapsed=connection.has_lapsed(now),
        credential=connection.credential,
    )
    frame_id = "frame-" + request["messageId"].rstrip("=")
    return app.routes.route(caller, message, frame_id)


def _about(replies: list[AnyServerEvent]) -> dict[str, Any]:
    """What a question's reply is about, for its line in the log."""
    return {
        name: value
        for reply in replies
        for name in ("answer_id", "conversation_id", "code")
        if (value := getattr(reply, name, None)) is not None
    }


def _only(event: AnyServerEvent) -> Outcome:
    return Outcome(replies=[event])


def _body(event: AnyServerEvent) -> dict[str, Any]:
    return {"statusCode": 200, "body": encode_event(event).decode()}
