"""Qdrant's REST interface over urllib3, which botocore has loaded already. No retries."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import urllib3
from msgspec import Struct


class QdrantReply(Struct, frozen=True):
    """An HTTP status and the decoded body."""

    status: int
    body: dict[str, Any]

    @property
    def error(self) -> str:
        """Qdrant's own words on what is wrong, or an empty string."""
        status = self.body.get("status")
        return str(status.get("error", "")) if isinstance(status, dict) else ""


class QdrantUnreachable(Exception):
    """No usable answer came back."""


class QdrantTransport(Protocol):
    """Carries one REST call; blocking."""

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        """Send ``body`` as JSON and return the answer, whatever its status.

        Raises:
            QdrantUnreachable: refused, timed out, or not JSON.
        """
        ...


class QdrantHttp:
    """``QdrantTransport`` to a server at ``url``; a call's timeout bounds connect and read each."""

    def __init__(self, url: str, *, api_key: str = "") -> None:
        self._url = url.rstrip("/")
        headers = {"content-type": "application/json"}
        if api_key:
            headers["api-key"] = api_key
        self._pool = urllib3.PoolManager(maxsize=16, headers=headers, retries=False)

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        """See ``QdrantTransport.call``."""
        data = None if body is None else msgspec.json.encode(body)
        try:
            response = self._pool.request(
                method,
                self._url + path,
                body=data,
                timeout=urllib3.Timeout(connect=timeout_s, read=timeout_s),
            )
            decoded = msgspec.json.decode(response.data) if response.data else {}
        except urllib3.exceptions.TimeoutError as error:
            raise QdrantUnreachable(f"Qdrant at {self._url} did not answer in time") from error
        except urllib3.exceptions.HTTPError as error:
            raise QdrantUnreachable(f"Qdrant at {self._url} cannot be reached") from error
        except msgspec.DecodeError as error:
            raise QdrantUnreachable(f"{self._url} does not answer like Qdrant") from error
        if not isinstance(decoded, dict):
            raise QdrantUnreachable(f"{self._url} does not answer like Qdrant")
        return QdrantReply(response.status, decoded)

    def close(self) -> None:
        """Close the connections that were kept alive."""
        self._pool.clear()
