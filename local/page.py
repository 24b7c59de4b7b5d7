"""The built page and its ``config.json``: what a bucket behind a distribution serves in AWS."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

WEBSOCKET_PATH = "/ws"
API_PREFIX = "/api"

_FOREVER = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"
_NOT_BUILT = """<!doctype html><title>EnergyCopilot</title>
<p>The page is not built yet. Run <code>make run</code>, or build it with
<code>cd chat-ui &amp;&amp; npm ci &amp;&amp; npm run build</code>. The WebSocket is served at
<code>/ws</code> meanwhile.</p>"""


class Page:
    """A single-page application from a directory."""

    def __init__(self, directory: Path, auth_mode: str = "none") -> None:
        self._directory = directory.resolve()
        self._auth_mode = auth_mode

    def add_to(self, app: web.Application) -> None:
        """Serve it at every path that nothing else has taken."""
        app.router.add_get("/config.json", self._config)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/{path:.*}", self._file)

    async def _config(self, request: web.Request) -> web.Response:
        """Where the page finds its servers: at the host it was asked for, whatever its name."""
        proto = request.headers.get("X-Forwarded-Proto", request.scheme)
        scheme = "wss" if proto == "https" else "ws"
        body = {
            "websocketUrl": f"{scheme}://{request.host}{WEBSOCKET_PATH}",
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
            return _send(wanted, _FOREVER if hashed else _ALWAYS_ASK)
        # A document's own page ends as its file does: /documents/tariffs%2F2025.md.
        if "." in wanted.name and "text/html" not in request.headers.get("Accept", ""):
            raise web.HTTPNotFound
        index = self._directory / "index.html"
        if not index.is_file():
            return web.Response(status=503, text=_NOT_BUILT, content_type="text/html")
        return _send(index, _ALWAYS_ASK)


def _send(file: Path, cache: str) -> web.FileResponse:
    return web.FileResponse(
        file, headers={"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    )
