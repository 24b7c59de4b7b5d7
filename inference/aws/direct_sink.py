"""Pushes frames through the API Gateway management API, straight from the event loop."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from inference.aws.http_pool import HttpFailed, HttpPool
from inference.aws.refusals import refusal
from inference.aws.signing import Credentials, Signer
from inference.ports import Clock, Throttled


class DirectSink:
    """Implements ``ports.Sink``. One attempt, since the publisher retries in order."""

    def __init__(
        self, pool: HttpPool, region: str, credentials: Callable[[], Credentials], clock: Clock
    ) -> None:
        self._pool = pool
        self._signer = Signer("execute-api", region, pool.host)
        self._credentials = credentials
        self._clock = clock

    async def post(self, connection_id: str, frame: bytes) -> None:
        """Deliver ``frame``; see the port for what is raised."""
        path = f"{self._pool.path}/@connections/{quote(connection_id, safe='')}"
        head = self._signer.head(self._credentials(), path, {}, frame, self._clock.time())
        try:
            response = await self._pool.request(head, frame)
        except HttpFailed as error:
            raise Throttled(f"the management API did not answer: {error}") from error
        if response.status >= 300:
            kind = response.headers.get(b"x-amzn-errortype", b"").decode("latin-1")
            raise refusal(response.status, kind.partition(":")[0])
