"""Pushes frames through the API Gateway management API, on a bounded pool of threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from inference.aws.refusals import refusal
from inference.ports import Throttled

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

_NO_ANSWER = (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)


def client_config(threads: int) -> Config:
    """The configuration of the client: one attempt, since the publisher retries in order.

    A retry inside botocore would hold the frame back without widening the window. Timeouts in
    seconds; ``threads`` is how many posts may be under way.
    """
    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=threads,
    )


class ConnectionSink:
    """Implements ``ports.Sink`` on a client made with ``client_config``."""

    def __init__(self, client: ApiGatewayManagementApiClient, threads: Executor) -> None:
        self._client = client
        self._threads = threads

    async def post(self, connection_id: str, frame: bytes) -> None:
        """Deliver ``frame``; see the port for what is raised."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._post, connection_id, frame)

    def _post(self, connection_id: str, frame: bytes) -> None:
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=frame)
        except ClientError as error:
            raise _translated(error) from error
        except _NO_ANSWER as error:
            raise Throttled(f"the management API did not answer: {error}") from error


def _translated(error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return refusal(status, code)
