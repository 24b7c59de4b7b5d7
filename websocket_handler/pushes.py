"""Pushing one event to one connection through the management API."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from copilot.wire import AnyServerEvent, encode_event

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

logger = logging.getLogger(__name__)


def push(
    management: ApiGatewayManagementApiClient, connection_id: str, event: AnyServerEvent
) -> bool:
    """Post ``event``; ``False`` if the connection has gone (its client resumes from the log)."""
    try:
        management.post_to_connection(ConnectionId=connection_id, Data=encode_event(event))
    except management.exceptions.GoneException:
        logger.info("connection gone", extra={"connection_id": connection_id})
        return False
    return True
