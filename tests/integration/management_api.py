"""A small HTTP server that speaks the API Gateway management API, so that tests see real bytes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote


class ManagementApi:
    """Keeps what was posted to each connection and which were deleted; ``gone`` ones answer 410."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.deleted: list[str] = []
        self.gone: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if connection_id not in api.gone:
                    api.posted.append((connection_id, data))
                self._answer(connection_id)

            def do_DELETE(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                if connection_id not in api.gone:
                    api.deleted.append(connection_id)
                self._answer(connection_id)

            def _answer(self, connection_id: str) -> None:
                gone = connection_id in api.gone
                body = b'{"message":"Gone"}' if gone else b""
                self.send_response(410 if gone else 200)
                if gone:
                    self.send_header("x-amzn-ErrorType", "GoneException")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/dev"

    def frames(self, connection_id: str) -> list[Any]:
        """Everything pushed to one connection, decoded, in order."""
        return [json.loads(data) for to, data in self.posted if to == connection_id]

    def __enter__(self) -> ManagementApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
