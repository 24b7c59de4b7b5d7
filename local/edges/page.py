"""The built page and its ``config.json``: what a bucket behind a distribution serves in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from local.declared.page_headers import SOCKET_ORIGIN

WEBSOCKET_PATH = "/ws"
API_PREFIX = "/api"

_FOREVER = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"
_NOT_BUILT = """<!doctype html><title>EnergyCopilot</title>
<p>The page is not built yet. Run <code>make run</code>, or build it with
<code>cd chat-ui &amp;&amp; npm ci &amp;&amp; npm run build</code>. The WebSocket is served at
<code>/ws</code> meanwhile.</p>"""


class Page:
    """A single-page application from a directory. ``headers`` go with every response of it."""

    def __init__(
        self, directory: Path, auth_mode: str = "none", headers: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory.resolve()
        self._auth_mode = auth_mode
        self._headers = headers or {}

    def add_to(self, app: web.Application) -> None:
        """Serve it at every path that nothing else has taken."""
        app.router.add_get("/config.json", self._config)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/{path:.*}", self._file)

    async def _config(self, request: web.Request) -> web.Response:
        """Where the page finds its servers: at the host it was asked for, whatever its name."""
        body = {
            "websocketUrl": f"{_socket_origin(request)}{WEBSOCKET_PATH}",
            "apiUrl": API_PREFIX,
            "authMode": self._auth_mode,
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        wanted = (self._directory / request.match_info["path"]).resolve()
        if not wanted.is_relative_to(self._directory):
            raise web.HTTPNotFound
        if wanted.is_file():
            hashed = wanted.parent.name == "assets"
            return self._send(request, wanted, _FOREVER if hashed else _ALWAYS_ASK)
        # A document's own page ends as its file does: /documents/tariffs%2F2025.md.
        if "." in wanted.name and "text/html" not in request.headers.get("Accept", ""):
            raise web.HTTPNotFound
        index = self._directory / "index.html"
        if not index.is_file():
            return web.Response(status=503, text=_NOT_BUILT, content_type="text/html")
        return self._send(request, index, _ALWAYS_ASK)

    def _send(self, request: web.Request, file: Path, cache: str) -> web.FileResponse:
        origin = _socket_origin(request)
        headers = {n: v.replace(SOCKET_ORIGIN, origin) for n, v in self._headers.items()}
        return web.FileResponse(file, headers={"Cache-Control": cache, **headers})


def _socket_origin(request: web.Request) -> str:
    proto = request.headers.get("X-Forwarded-Proto", request.scheme)
    return f"{'wss' if proto == 'https' else 'ws'}://{request.host}"
