"""A small HTTP server that speaks the API Gateway management API, so that tests see real bytes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote


class ManagementApi:
    """Keeps what was posted to each connection and which were deleted.

    ``gone`` connections answer 410, ``refused`` ones 403, and ``cut`` ones never answer: the
    connection is closed.
    """

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.deleted: list[str] = []
        self.gone: set[str] = set()
        self.refused: set[str] = set()
        self.cut: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self._reached(connection_id):
                    api.posted.append((connection_id, data))
                    self._answer(200)

            def do_DELETE(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                if self._reached(connection_id):
                    api.deleted.append(connection_id)
                    self._answer(200)

            def _reached(self, connection_id: str) -> bool:
                if connection_id in api.cut:
                    self.close_connection = True
                    return False
                if connection_id in api.gone:
                    self._answer(410, "GoneException")
                    return False
                if connection_id in api.refused:
                    self._answer(403, "ForbiddenException")
                    return False
                return True

            def _answer(self, status: int, error: str = "") -> None:
                body = json.dumps({"message": error}).encode() if error else b""
                self.send_response(status)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
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
