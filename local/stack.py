"""Composes the local stack: starts its parts in order, and stops them in the opposite one."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from local.blueprint import Blueprint
from local.cache_process import STOP_GRACE_S, start_cache
from local.children import Child
from local.control import Control
from local.deployment import deploy, secret_text
from local.event_sources import Bell, QueueReader
from local.faults import Faults
from local.function_environment import function_environment
from local.gateway import MAX_MESSAGE_BYTES, Gateway
from local.http_api import MAX_BODY_BYTES, HttpApi
from local.listening import claim, free_port, port_of, serve
from local.management import ManagementApi
from local.options import ROOT, Options
from local.page import API_PREFIX, WEBSOCKET_PATH, Page
from local.pool import Functions, Pool
from local.runtime_api import FunctionFailed
from local.sam import TemplateError
from local.schedules import fire, keep_firing
from local.service_door import ServiceDoor
from local.services import Services
from local.sqs import Sqs
from local.state import State
from local.template import Template, dockerfile_handler
from local.worker import Launch

_SECRET = re.compile(r"\{\{resolve:secretsmanager:(.+?)(?::SecretString)?\}\}")


class StackFailed(Exception):
    """The stack cannot start or has broken down; the message says why."""


@dataclass(slots=True)
class Stack:
    """A running stack, as its user sees it."""

    url: str
    websocket_url: str
    control_url: str | None
    _watched: dict[str, asyncio.Task[Any]]

    async def broken(self) -> str:
        """Wait until a part that everything needs has ended; returns what happened."""
        done, _ = await asyncio.wait(self._watched.values(), return_when=asyncio.FIRST_COMPLETED)
        name = next(name for name, task in self._watched.items() if task in done)
        task = self._watched[name]
        return f"{name} has stopped: {task.exception() or task.result()!r}"


@contextlib.asynccontextmanager
async def running(
    options: Options, shell: Mapping[str, str], say: Callable[[str], None]
) -> AsyncIterator[Stack]:
    """Run a stack for as long as the context lasts.

    ``shell`` is the environment of whoever starts it; ``say`` gets a line per step.

    Raises:
        AlreadyRunning, PortInUse, TemplateError, NotReady, StackFailed: it cannot start.
    """
    async with AsyncExitStack() as undo:
        yield await _Starter(options, shell, say, undo).start()


class _Starter:
    """The start, step by step; what each step needs undone goes onto ``undo``."""

    def __init__(
        self,
        options: Options,
        shell: Mapping[str, str],
        say: Callable[[str], None],
        undo: AsyncExitStack,
    ) -> None:
        self._options = options
        self._shell = shell
        self._say = say
        self._undo = undo
        self._path = shell.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        self._faults = Faults(options.fault_seed)
        self._bells: list[Bell] = []
        self._readers: list[QueueReader] = []
        self._watched: dict[str, asyncio.Task[Any]] = {}
        self._began = time.monotonic()

    async def start(self) -> Stack:
        options = self._options
        self._state = State(options.state)
        self._undo.callback(self._state.release)
        front = claim(options.host, options.port)
        self._undo.callback(front.close)
        connector = aiohttp.TCPConnector(limit=0)
        self._session = await self._undo.enter_async_context(
            aiohttp.ClientSession(connector=connector, auto_decompress=False)
        )
        template, services = await self._prepare()
        management = claim("127.0.0.1", 0)
        self._undo.callback(management.close)
        blueprint = await self._deploy(template, services, port_of(management), port_of(front))
        cache_url = await self._start_cache(blueprint)
        functions = await self._start_functions(blueprint, services, cache_url)
        gateway, control = await self._open_edges(blueprint, functions, management, front)
        self._undo.push_async_callback(gateway.close)
        self._start_readers(blueprint, functions, services)
        await self._warm(blueprint, functions)
        host = "localhost" if options.host in ("127.0.0.1", "0.0.0.0", "::") else options.host  # noqa: S104
        address = f"{host}:{port_of(front)}"
        stack = Stack(
            f"http://{address}", f"ws://{address}{WEBSOCKET_PATH}", control, self._watched
        )
        self._state.publish(
            {"url": stack.url, "websocket": stack.websocket_url, "control": control}
        )
        return stack

    async def _prepare(self) -> tuple[Template, Services]:
        port = free_port(self._state.recall_port("services"))
        loading = asyncio.create_task(
            asyncio.to_thread(Template.load, self._options.template, self._parameters())
        )
        try:
            services = await Services.start(
                self._session, self._state.directory, self._state.logs, port, self._path
            )
            self._undo.push_async_callback(services.stop)
            self._watch("The services", services.child.wait())
        finally:
            await asyncio.wait([loading])
        self._state.keep_port("services", port)
        self._step("services", "DynamoDB, SQS, S3, Secrets Manager and KMS answer")
        return loading.result(), services

    def _parameters(self) -> dict[str, str]:
        return {"LogLevel": self._options.log_level, **self._options.parameters}

    async def _deploy(
        self, template: Template, services: Services, management_port: int, port: int
    ) -> Blueprint:
        outputs = await asyncio.to_thread(deploy, services.endpoint, template.services())
        addresses = {
            name: f"http://127.0.0.1:{management_port}"
            if resource["Properties"].get("ProtocolType") == "WEBSOCKET"
            else f"http://127.0.0.1:{port}{API_PREFIX}"
            for name, resource in template.resources.items()
            if resource["Type"] == "AWS::ApiGatewayV2::Api"
        }
        handlers = {}
        for name, dockerfile in template.image_functions().items():
            file = self._options.template.parent / dockerfile
            handler = dockerfile_handler(file.read_text()) if file.is_file() else None
            if handler is None:
                raise TemplateError(f"{name}: {file} has no CMD that names a handler.")
            handlers[name] = handler
        blueprint = template.blueprint(outputs, addresses, handlers)
        self._step("template", f"{len(outputs)} addresses, {len(blueprint.functions)} functions")
        return blueprint

    async def _start_cache(self, blueprint: Blueprint) -> str | None:
        given = self._shell.get("QDRANT_URL")
        if given or not any("QDRANT_URL" in f.environment for f in blueprint.functions.values()):
            if given:
                self._step("cache", f"Qdrant at {given}")
            return None
        port = free_port(self._state.recall_port("qdrant"))
        state, logs = self._state.directory, self._state.logs
        child: Child = await start_cache(self._session, state, logs, ROOT, port, self._path)
        self._undo.push_async_callback(child.stop, STOP_GRACE_S)
        self._watch("The cache", child.wait())
        self._state.keep_port("qdrant", port)
        self._step("cache", "Qdrant's engine, on this machine")
        return f"http://127.0.0.1:{port}"

    async def _start_functions(
        self, blueprint: Blueprint, services: Services, cache_url: str | None
    ) -> Functions:
        door = ServiceDoor(self._session, services.endpoint, self._faults, self._ring)
        claimed = claim("127.0.0.1", 0)
        await self._serve(door.app(), claimed)
        door_url = f"http://127.0.0.1:{port_of(claimed)}"
        # Only queues need the door; the rest takes the direct way unless faults may strike it.
        direct = door_url if self._options.faults else services.endpoint
        endpoints = {"AWS_ENDPOINT_URL": direct, "AWS_ENDPOINT_URL_SQS": door_url}
        overrides = {
            name: str(value)
            for name, value in (
                ("INDEX_DIR", self._options.index and self._options.index.resolve()),
                ("MODEL_DIR", self._options.model and self._options.model.resolve()),
                ("QDRANT_URL", cache_url),
            )
            if value
        }
        code = self._options.code
        pools = {}
        for name, function in blueprint.functions.items():
            environment = function_environment(function, self._shell, endpoints, overrides, code)
            environment = await asyncio.to_thread(_with_secrets, environment, services.endpoint)
            launch = Launch(function, environment, code, self._state.logs / f"{name}.log")
            pools[name] = Pool(launch, self._options.workers)
        functions = Functions(pools)
        self._undo.push_async_callback(self._finish_readers)
        self._undo.push_async_callback(functions.close)
        return functions

    async def _open_edges(
        self, blueprint: Blueprint, functions: Functions, management: Any, front: Any
    ) -> tuple[Gateway, str | None]:
        if blueprint.web_socket is None:
            raise TemplateError("The template declares no WebSocket API.")
        gateway = Gateway(blueprint.web_socket, functions, self._faults, self._options.limits)
        management_api = ManagementApi(gateway.connections, self._faults)
        await self._serve(management_api.app(), management)
        app = web.Application(client_max_size=max(MAX_MESSAGE_BYTES, MAX_BODY_BYTES))
        app.router.add_get(WEBSOCKET_PATH, gateway.handle)
        http_api = HttpApi(blueprint.http_routes, functions, API_PREFIX)
        app.router.add_route("*", f"{API_PREFIX}{{path:(/.*)?}}", http_api.handle)
        Page(self._options.page).add_to(app)
        await self._serve(app, front)
        if not self._options.faults:
            return gateway, None
        control = Control(self._faults, functions, gateway, management_api)
        claimed = claim("127.0.0.1", 0)
        await self._serve(control.app(), claimed)
        return gateway, f"http://127.0.0.1:{port_of(claimed)}"

    def _start_readers(
        self, blueprint: Blueprint, functions: Functions, services: Services
    ) -> None:
        sqs = Sqs(self._session, services.endpoint)
        for source in blueprint.queue_sources:
            bell = Bell()
            self._bells.append(bell)
            reader = QueueReader(source, sqs, functions, self._options.workers, bell)
            self._readers.append(reader)
            self._background(source.name, reader.run())
        for schedule in blueprint.schedules:
            self._background(schedule.name, keep_firing(schedule, functions))

    async def _finish_readers(self) -> None:
        await asyncio.gather(*(reader.finish() for reader in self._readers))

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()

    async def _warm(self, blueprint: Blueprint, functions: Functions) -> None:
        routes = blueprint.web_socket.routes.values() if blueprint.web_socket else ()
        first = {route.function for route in routes}
        try:
            _, *answers = await asyncio.gather(
                asyncio.gather(*(functions.pools[name].warm() for name in sorted(first))),
                *(fire(schedule, functions) for schedule in blueprint.schedules),
            )
        except FunctionFailed as error:
            raise StackFailed(
                f"A function could not start: {error}\nIts log is in {self._state.logs}."
            ) from error
        cold = [a["reason"] for a in answers if isinstance(a, dict) and a.get("reason")]
        self._step("functions", "; ".join(cold) or "warm")

    def _background(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        async def forever() -> None:
            await work
            await asyncio.Event().wait()

        task = self._watch(name, forever())
        self._undo.push_async_callback(_cancel, task)

    def _watch(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._watched[name] = task
        return task

    async def _serve(self, app: web.Application, claimed: Any) -> None:
        runner = await serve(app, claimed)
        self._undo.push_async_callback(runner.cleanup)

    def _step(self, name: str, what: str) -> None:
        self._say(f"  {name:<10} {what}  ({time.monotonic() - self._began:.1f} s)")


def _with_secrets(environment: dict[str, str], endpoint: str) -> dict[str, str]:
    """Replace CloudFormation's dynamic references to secrets by what they refer to."""
    return {
        name: _SECRET.sub(lambda match: secret_text(endpoint, match.group(1)), value)
        for name, value in environment.items()
    }


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
