"""What a template declares, as plain data: functions, routes, queues' readers, schedules. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function. ``environment`` holds its variables with every intrinsic resolved."""

    name: str
    arn: str
    handler: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    json_logs: bool
    role: str = ""
    statements: tuple[Mapping[str, Any], ...] = ()
    """Those of its role's policies, resolved."""


@dataclass(frozen=True, slots=True)
class Route:
    """A WebSocket route; ``replies`` says whether a route response is declared."""

    key: str
    function: str
    replies: bool


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A REQUEST authorizer. ``identity_sources`` are expressions such as
    ``route.request.querystring.ticket``, all of which a request must bring."""

    function: str
    identity_sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebSocketApi:
    """A WebSocket API; ``selection`` is the field of the JSON body that names the route."""

    api_id: str
    stage: str
    selection: str
    routes: Mapping[str, Route]
    authorizer: Authorizer | None


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """A route of an HTTP API: method (or ``ANY``) and path with ``{name}`` or ``{name+}``."""

    method: str
    path: str
    function: str


@dataclass(frozen=True, slots=True)
class QueueSource:
    """An event source mapping from a queue to a function."""

    name: str
    queue_arn: str
    function: str
    batch_size: int
    batching_window_s: int
    partial_failures: bool
    maximum_concurrency: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """An event that is sent to a function again and again; ``every_s`` is ``None`` for cron."""

    name: str
    function: str
    expression: str
    every_s: float | None
    payload: Any


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that the stack must run."""

    region: str
    account: str
    functions: Mapping[str, Function]
    web_socket: WebSocketApi | None
    http_routes: tuple[HttpRoute, ...]
    queue_sources: tuple[QueueSource, ...]
    schedules: tuple[Schedule, ...]
