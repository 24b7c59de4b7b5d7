"""The control endpoint for tests: sets faults, kills workers, cuts connections, reports state.

Served on loopback and only where ``--faults`` asks for it.
"""

from __future__ import annotations

import json
import signal
from typing import Any

from aiohttp import web

from local.edges.connection import Connection
from local.edges.gateway import Gateway
from local.edges.management import ManagementApi
from local.faults import Faults, Rule
from local.functions.pool import Functions
from local.functions.worker import Worker
from local.services.permissions import Permissions

_SIGNALS = {
    "kill": signal.SIGKILL,
    "pause": signal.SIGSTOP,
    "continue": signal.SIGCONT,
}


class Control:
    """What a test can do to a running stack."""

    def __init__(
        self,
        faults: Faults,
        functions: Functions,
        gateway: Gateway,
        management: ManagementApi,
        permissions: Permissions,
    ) -> None:
        self._faults = faults
        self._functions = functions
        self._gateway = gateway
        self._management = management
        self._permissions = permissions

    def app(self) -> web.Application:
        """``GET /state``, ``POST|GET|DELETE /faults``, ``DELETE /faults/{id}``,
        ``POST /connections/{id|all}/reset``, ``POST /functions/{name}/{kill|pause|continue}``
        (of busy workers; ``?workers=all``; ``?working_on=TEXT``: whose event holds the text)."""
        app = web.Application()
        app.router.add_get("/state", self._state)
        app.router.add_get("/faults", self._list_faults)
        app.router.add_post("/faults", self._add_fault)
        app.router.add_delete("/faults", self._clear_faults)
        app.router.add_delete("/faults/{id}", self._remove_fault)
        app.router.add_post("/connections/{id}/reset", self._reset)
        app.router.add_post("/functions/{name}/{verb:kill|pause|continue}", self._signal)
        return app

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "connections": list(self._gateway.connections),
                "posts": self._management.posts,
                "refused": self._permissions.refused,
                "functions": {
                    name: [_described(worker) for worker in pool.workers]
                    for name, pool in self._functions.pools.items()
                },
            }
        )

    async def _list_faults(self, request: web.Request) -> web.Response:
        rules = [
            {
                "id": rule.rule_id,
                "kind": rule.kind,
                "contains": rule.contains,
                "struck": rule.struck,
            }
            for rule in self._faults.rules
        ]
        return web.json_response(rules)

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            rule = Rule(**json.loads(await request.read()))
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"id": self._faults.add(rule)}, status=201)

    async def _remove_fault(self, request: web.Request) -> web.Response:
        self._faults.remove(int(request.match_info["id"]))
        return web.Response(status=204)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        struck: list[Connection] = [
            connection
            for connection in self._gateway.connections.values()
            if wanted in ("all", connection.id)
        ]
        for connection in struck:
            connection.reset()
        return web.json_response({"reset": len(struck)})

    async def _signal(self, request: web.Request) -> web.Response:
        pool = self._functions.pools.get(request.match_info["name"])
        if pool is None:
            return web.json_response({"error": "no such function"}, status=404)
        everyone = request.query.get("workers") == "all"
        text = request.query.get("working_on", "").encode()
        struck = [w for w in pool.workers if everyone or (w.state == "busy" and _holds(w, text))]
        for worker in struck:
            worker.send(_SIGNALS[request.match_info["verb"]])
        return web.json_response({"workers": [worker.number for worker in struck]})


def _holds(worker: Worker, text: bytes) -> bool:
    return not text or (worker.invocation is not None and text in worker.invocation.payload)


def _described(worker: Worker) -> dict[str, Any]:
    return {
        "number": worker.number,
        "pid": worker.pid,
        "state": worker.state,
        "invocations": worker.invocations,
    }
