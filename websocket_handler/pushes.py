"""Pushing one event to one connection through the management API, and closing it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from copilot.wire import AnyServerEvent, encode_event

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

logger = logging.getLogger(__name__)

_NO_ANSWER = (ConnectionError, HTTPClientError)
"""botocore's: nobody could be reached, or nobody answered in time."""


def push(
    management: ApiGatewayManagementApiClient, connection_id: str, event: AnyServerEvent
) -> bool:
    """Post ``event``; ``False`` if it did not arrive.

    That is no failure of the caller, who has others to tell: what is pushed here is stored, and
    the client whose connection has gone, or which hears nothing, resumes from the log.
    """
    extra: dict[str, object] = {"connection_id": connection_id}
    try:
        management.post_to_connection(ConnectionId=connection_id, Data=encode_event(event))
    except management.exceptions.GoneException:
        logger.info("connection gone", extra=extra)
        return False
    except (ClientError, *_NO_ANSWER) as error:
        logger.warning("push failed", extra={**extra, "reason": str(error)})
        return False
    return True


def hang_up(management: ApiGatewayManagementApiClient, connection_id: str) -> None:
    """Close a connection; one that cannot be reached ends by itself when it is idle."""
    try:
        management.delete_connection(ConnectionId=connection_id)
    except (ClientError, *_NO_ANSWER) as error:
        extra = {"connection_id": connection_id, "reason": str(error)}
        logger.warning("connection not closed", extra=extra)
