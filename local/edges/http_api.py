"""The HTTP API: requests become API Gateway's payload format 2.0, and results become responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import logging
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from local.declared.blueprint import HttpRoute
from local.declared.sam import ACCOUNT
from local.edges.proxy_events import new_id
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10 * 1024 * 1024
_TEXT = re.compile(r"^(text/|application/(.*\+)?(json|xml|javascript|x-www-form-urlencoded))")


class HttpApi:
    """Serves the routes of the template below a prefix of this server's paths."""

    def __init__(self, routes: Sequence[HttpRoute], functions: Functions, prefix: str) -> None:
        # Fixed paths come before parameters and those before greedy ones, as in API Gateway.
        ranked = sorted(routes, key=lambda route: (route.path.count("+}"), route.path.count("{")))
        self._routes = [(_pattern(route.path), route) for route in ranked]
        self._functions = functions
        self._prefix = prefix

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one request."""
        path = request.path.removeprefix(self._prefix) or "/"
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match and route.method in ("ANY", request.method):
                return await self._invoke(request, path, route, match.groupdict())
        return _problem(404, "Not Found", f"Nothing is served at {request.method} {path}.")

    async def _invoke(
        self, request: web.Request, path: str, route: HttpRoute, parameters: dict[str, str]
    ) -> web.StreamResponse:
        event = _event(request, path, route, parameters, await request.read())
        try:
            answer = await self._functions.invoke(route.function, event)
        except FunctionFailed as error:
            logger.error("%s %s failed: %s", route.method, route.path, error)
            return web.json_response({"message": "Internal Server Error"}, status=500)
        return _response(answer)


def _pattern(path: str) -> re.Pattern[str]:
    if path == "$default":
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"(\{\w+\+?\})", path)
    return re.compile("".join(_part(part) for part in parts), re.DOTALL)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part.strip("{}+")
    return f"(?P<{name}>.+)" if part.endswith("+}") else f"(?P<{name}>[^/]+)"


def _event(
    request: web.Request, path: str, route: HttpRoute, parameters: dict[str, str], body: bytes
) -> dict[str, Any]:
    now = time.time()
    key = "$default" if route.path == "$default" else f"{route.method} {route.path}"
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known},{value}"
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query[name] = f"{query[name]},{value}" if name in query else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": request.query_string,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": request.host,
            "domainPrefix": request.host.split(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": f"HTTP/{request.version.major}.{request.version.minor}",
                "sourceIp": request.remote or "127.0.0.1",
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": new_id(),
            "routeKey": key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies := headers.pop("cookie", ""):
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query:
        event["queryStringParameters"] = query
    if parameters:
        event["pathParameters"] = parameters
    if body:
        event |= _body(body, headers.get("content-type", ""))
    return event


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if _TEXT.match(content_type):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _response(answer: Any) -> web.Response:
    if not isinstance(answer, dict) or "statusCode" not in answer:
        # A result without a status is the body, by the same documentation.
        return web.json_response(answer)
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    headers = {str(k): str(v) for k, v in (answer.get("headers") or {}).items()}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    response = web.Response(status=int(answer["statusCode"]), body=data, headers=headers)
    for cookie in answer.get("cookies") or []:
        response.headers.add("Set-Cookie", str(cookie))
    return response


def _problem(status: int, title: str, detail: str) -> web.Response:
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return web.Response(status=status, text=body, content_type="application/problem+json")
