"""Functions, gateway and management API of the local stack on free ports, without services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from local.declared.blueprint import Authorizer, Function, HttpRoute, Route, WebSocketApi
from local.edges.gateway import Gateway, Limits
from local.edges.http_api import HttpApi
from local.edges.management import ManagementApi
from local.faults import Faults
from local.functions.function_environment import function_environment
from local.functions.pool import Functions, Pool
from local.functions.worker import Launch
from local.options import ROOT
from local.processes.listening import claim, port_of, serve


def function(name: str, handler: str, environment: Mapping[str, str]) -> Function:
    return Function(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        handler=f"tests.integration.local_handlers.{handler}",
        timeout_s=10,
        memory_mb=256,
        environment=environment,
        json_logs=False,
    )


def pool(of: Function, logs: Path, size: int = 2) -> Pool:
    shell = {"PATH": "/usr/bin:/bin"}
    environment = function_environment(of, shell, {}, {}, ROOT)
    return Pool(Launch(of, environment, ROOT, logs / f"{of.name}.log", logs / "tmp"), size)


@dataclass
class Edges:
    """Running edges and what tests do to them."""

    url: str
    management_url: str
    gateway: Gateway
    management: ManagementApi
    faults: Faults
    notes: Path

    def noted(self) -> list[str]:
        """What handlers have noted."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@asynccontextmanager
async def running_edges(
    directory: Path, *, limits: Limits | None = None, authorized: bool = False
) -> AsyncIterator[Edges]:
    """One WebSocket API whose routes all lead to the ``socket`` handler; only ``quiet`` and
    ``$connect`` declare no response."""
    notes = directory / "notes"
    management_socket = claim("127.0.0.1", 0)
    management_url = f"http://127.0.0.1:{port_of(management_socket)}/dev"
    environment = {"WEBSOCKET_ENDPOINT": management_url, "NOTES": str(notes)}
    functions = Functions(
        {
            name: pool(function(name, handler, environment), directory)
            for name, handler in (("Socket", "socket"), ("Gate", "authorize"), ("Http", "http"))
        }
    )
    api = WebSocketApi(
        api_id="websocketapi",
        stage="dev",
        selection="action",
        routes={
            key: Route(key=key, function="Socket", replies=key in ("hello", "$default"))
            for key in ("$connect", "$disconnect", "$default", "hello", "quiet")
        },
        authorizer=Authorizer("Gate", ("route.request.querystring.ticket",))
        if authorized
        else None,
    )
    faults = Faults()
    gateway = Gateway(api, functions, faults, limits or Limits())
    management = ManagementApi(gateway.connections, faults)
    routes = [
        HttpRoute("GET", "/things/{id}", "Http"),
        HttpRoute("GET", "/things/special", "Http"),
        HttpRoute("POST", "/things", "Http"),
        HttpRoute("ANY", "/files/{path+}", "Http"),
    ]
    app = web.Application()
    app.router.add_get("/ws", gateway.handle)
    app.router.add_route("*", "/api{path:(/.*)?}", HttpApi(routes, functions, "/api").handle)
    front = claim("127.0.0.1", 0)
    runners = [await serve(management.app(), management_socket), await serve(app, front)]
    url = f"http://127.0.0.1:{port_of(front)}"
    try:
        yield Edges(url, management_url, gateway, management, faults, notes)
    finally:
        await gateway.close()
        for runner in runners:
            await runner.cleanup()
        await functions.close()
