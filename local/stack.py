"""Composes the local stack: starts its parts in order, and stops them in the opposite one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from local.control import Control
from local.declared.blueprint import Blueprint
from local.declared.page_headers import page_headers
from local.declared.sam import TemplateError
from local.declared.template import Template
from local.edges.gateway import MAX_MESSAGE_BYTES, Gateway
from local.edges.http_api import MAX_BODY_BYTES, HttpApi
from local.edges.management import ManagementApi
from local.edges.page import API_PREFIX, WEBSOCKET_PATH, Page
from local.faults import Faults
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed
from local.launching import make_functions, read_blueprint, read_permissions
from local.options import ROOT, Options
from local.processes.children import Child
from local.processes.listening import claim, free_port, port_of, serve
from local.services.api_keys import local_api_keys
from local.services.cache_process import STOP_GRACE_S, start_cache
from local.services.deployment import deploy
from local.services.ministack import Services
from local.services.service_door import ServiceDoor
from local.services.sqs import Sqs
from local.state import State
from local.triggers.event_sources import QueueReaders
from local.triggers.schedules import fire, keep_firing


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
        why = task.exception() or f"exit status {task.result()}"
        return f"{name} has ended unexpectedly ({why}); see the logs in the state directory."


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
        self._readers: QueueReaders | None = None
        self._watched: dict[str, asyncio.Task[Any]] = {}
        self._outputs: dict[str, str] = {}
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
        template = await self._prepare_sign_in(template, services)
        blueprint = await self._deploy(template, services, port_of(management), port_of(front))
        cache_url = await self._start_cache(blueprint)
        self._permissions = read_permissions(blueprint)
        endpoints = await self._open_door(services)
        functions = await asyncio.to_thread(
            make_functions,
            blueprint,
            options,
            self._shell,
            endpoints,
            cache_url,
            self._state.logs,
        )
        self._read_queues(blueprint, functions, services)
        gateway, control = await self._open_edges(blueprint, functions, management, front)
        self._undo.push_async_callback(gateway.close)
        self._start_background(blueprint, functions)
        await self._warm(blueprint, functions)
        host = "localhost" if options.host in ("127.0.0.1", "0.0.0.0", "::") else options.host  # noqa: S104
        address = f"{host}:{port_of(front)}"
        stack = Stack(
            f"http://{address}", f"ws://{address}{WEBSOCKET_PATH}", control, self._watched
        )
        self._state.publish(
            {
                "url": stack.url,
                "websocket": stack.websocket_url,
                "control": control,
                "services": services.endpoint,
                "buckets": template.buckets(self._outputs),
            }
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
            self._watch("The process of the services", services.child.wait())
        finally:
            await asyncio.wait([loading])
        self._state.keep_port("services", port)
        self._step("services", "DynamoDB, SQS, S3, Secrets Manager and KMS answer")
        return loading.result(), services

    @property
    def _auth_mode(self) -> str:
        return self._options.parameters.get("AuthMode", "none")

    async def _prepare_sign_in(self, template: Template, services: Services) -> Template:
        """With a secret of API keys where people sign in with them and no other one is named."""
        if self._auth_mode != "api-key" or self._options.parameters.get("ApiKeysSecretArn"):
            return template
        kept = self._state.directory / "api-key"
        secret = await asyncio.to_thread(local_api_keys, services.endpoint, kept, ROOT)
        self._step("sign-in", f"the API key is in {kept}")
        return template.given(ApiKeysSecretArn=secret)

    def _parameters(self) -> dict[str, str]:
        return {"LogLevel": self._options.log_level, **self._options.parameters}

    async def _deploy(
        self, template: Template, services: Services, management_port: int, port: int
    ) -> Blueprint:
        outputs = await asyncio.to_thread(deploy, services.endpoint, template.services())
        self._outputs = outputs
        blueprint = read_blueprint(
            template,
            outputs,
            self._options.template.parent,
            f"http://127.0.0.1:{management_port}",
            f"http://127.0.0.1:{port}{API_PREFIX}",
        )
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
        self._watch("The process of the cache", child.wait())
        self._state.keep_port("qdrant", port)
        self._step("cache", "Qdrant's engine, on this machine")
        return f"http://127.0.0.1:{port}"

    async def _open_door(self, services: Services) -> dict[str, str]:
        """Serve the door; returns the variables that lead AWS clients through it."""
        door = ServiceDoor(
            self._session, services.endpoint, self._faults, self._ring, self._permissions
        )
        claimed = claim("127.0.0.1", 0)
        await self._serve(door.app(), claimed)
        door_url = f"http://127.0.0.1:{port_of(claimed)}"
        # Only queues need the door; the rest takes the direct way, which is a millisecond shorter,
        # unless tests watch: faults may strike then, and what a role does not allow is refused.
        direct = door_url if self._options.faults else services.endpoint
        return {"AWS_ENDPOINT_URL": direct, "AWS_ENDPOINT_URL_SQS": door_url}

    def _ring(self) -> None:
        if self._readers is not None:
            self._readers.ring()

    async def _open_edges(
        self, blueprint: Blueprint, functions: Functions, management: Any, front: Any
    ) -> tuple[Gateway, str | None]:
        if blueprint.web_socket is None:
            raise TemplateError("The template declares no WebSocket API.")
        gateway = Gateway(blueprint.web_socket, functions, self._faults, self._options.limits)
        api_id = blueprint.web_socket.api_id
        management_api = ManagementApi(gateway.connections, self._faults, self._permissions, api_id)
        await self._serve(management_api.app(), management)
        app = web.Application(client_max_size=max(MAX_MESSAGE_BYTES, MAX_BODY_BYTES))
        app.router.add_get(WEBSOCKET_PATH, gateway.handle)
        http_api = HttpApi(blueprint.http_routes, functions, API_PREFIX)
        app.router.add_route("*", f"{API_PREFIX}{{path:(/[\\s\\S]*)?}}", http_api.handle)
        Page(self._options.page, self._auth_mode, self._page_headers()).add_to(app)
        await self._serve(app, front)
        if not self._options.faults:
            return gateway, None
        control = Control(self._faults, functions, gateway, management_api, self._permissions)
        claimed = claim("127.0.0.1", 0)
        await self._serve(control.app(), claimed)
        return gateway, f"http://127.0.0.1:{port_of(claimed)}"

    def _page_headers(self) -> dict[str, str]:
        template = self._options.template.with_name("infra") / "page.yaml"
        return page_headers(template) if template.is_file() else {}

    def _read_queues(self, blueprint: Blueprint, functions: Functions, services: Services) -> None:
        sqs = Sqs(self._session, services.endpoint)
        readers = QueueReaders(blueprint.queue_sources, sqs, functions, self._options.workers)
        self._readers = readers
        self._undo.push_async_callback(readers.finish)
        self._undo.push_async_callback(functions.close)

    def _start_background(self, blueprint: Blueprint, functions: Functions) -> None:
        for name, reader in self._readers.readers.items() if self._readers else ():
            self._background(name, reader.run())
        for schedule in blueprint.schedules:
            self._background(schedule.name, keep_firing(schedule, functions))

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
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Somebody wants to stop, and a library on the way here did not pass it on.
            raise asyncio.CancelledError
        self._say(f"  {name:<10} {what}  ({time.monotonic() - self._began:.1f} s)")


async def _cancel(task: asyncio.Task[Any]) -> None:
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1.0)
    if not task.cancelled():
        task.exception()  # Whoever watches it has been told.
