"""One execution environment: an unmodified ``awslambdaric`` process and its Runtime API."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from local.declared.blueprint import Function
from local.functions.runtime_api import FunctionFailed, Invocation, RuntimeApi
from local.processes.children import Child

INIT_TIMEOUT_S = 30.0
"""Lambda allows 10 s; a laptop that compiles bytecode for the first time gets more."""

State = Literal["starting", "idle", "busy", "returning", "dead"]
"""``returning``: it has delivered a result and is about to ask for more."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How the processes of a function are started."""

    function: Function
    environment: Mapping[str, str]
    directory: Path
    log: Path
    temporary: Path
    """Where each process gets a directory that stands for the ``/tmp`` of its environment."""


class Owner(Protocol):
    """The pool of a worker, told of what happens to it."""

    def worker_ready(self, worker: Worker) -> None: ...

    def worker_failed_to_start(self, worker: Worker, error: FunctionFailed) -> None: ...

    def worker_gone(self, worker: Worker) -> None: ...


class Worker:
    """Takes one invocation at a time, as a Lambda execution environment does."""

    def __init__(self, launch: Launch, number: int, owner: Owner) -> None:
        self.number = number
        self.state: State = "starting"
        self.invocations = 0
        self._launch = launch
        self._owner = owner
        self._temporary = launch.temporary / f"{launch.function.name}-{number}"
        self._api = RuntimeApi(
            launch.function.arn,
            launch.function.timeout_s,
            on_ready=self._ready,
            on_done=self._settled,
            on_init_error=self._init_failed,
        )
        self._child: Child | None = None
        self._init_error: FunctionFailed | None = None
        self._verdict: FunctionFailed | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process, once there is one."""
        return None if self._child is None else self._child.pid

    @property
    def invocation(self) -> Invocation | None:
        """What it works on."""
        return self._api.current

    async def start(self) -> None:
        """Start the process; ``Owner.worker_ready`` follows when it has loaded its handler."""
        address = await self._api.open()
        function = self._launch.function
        self._temporary.mkdir(parents=True)
        self._child = await Child.start(
            f"{function.name} {self.number}",
            [sys.executable, "-m", "awslambdaric", function.handler],
            environment={
                **self._launch.environment,
                "TMPDIR": str(self._temporary),
                "AWS_LAMBDA_RUNTIME_API": address,
                "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{self.number:08d}",
            },
            directory=self._launch.directory,
            log=self._launch.log,
            last_wish=signal.SIGKILL,
        )
        self._watch = asyncio.create_task(self._watch_process(self._child))
        self._set_timer(INIT_TIMEOUT_S, "Function.InitTimeout", "initialisation")

    def give(self, invocation: Invocation) -> None:
        """Run one invocation; only an idle worker can."""
        assert self.state == "idle"
        self.state = "busy"
        self.invocations += 1
        self._set_timer(self._launch.function.timeout_s, "Sandbox.Timedout", "task")
        self._api.give(invocation)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its process (kill, stop and continue are what tests need)."""
        if self._child is not None:
            self._child.send(number)

    async def stop(self) -> None:
        """Kill the process; Lambda gives no notice either."""
        self.send(signal.SIGKILL)
        if self._watch is not None:
            await self._watch

    def _ready(self) -> None:
        self._clear_timer()
        self.state = "idle"
        self._owner.worker_ready(self)

    def _settled(self) -> None:
        self._clear_timer()
        self.state = "returning"

    def _init_failed(self, error: FunctionFailed) -> None:
        self._init_error = error

    async def _watch_process(self, child: Child) -> None:
        status = await child.wait()
        await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)
        self._clear_timer()
        started = self.state != "starting"
        self.state = "dead"
        error = self._verdict or FunctionFailed("Runtime.ExitError", _how_it_ended(status))
        invocation = self._api.take_back()
        await self._api.close()
        if invocation is not None:
            invocation.fail(error)
        if not started:
            self._owner.worker_failed_to_start(self, self._init_error or error)
        self._owner.worker_gone(self)

    def _set_timer(self, seconds: float, kind: str, what: str) -> None:
        self._clear_timer()
        error = FunctionFailed(kind, f"The {what} timed out after {seconds:.2f} seconds")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._condemn, error)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _condemn(self, error: FunctionFailed) -> None:
        self._verdict = error
        self.send(signal.SIGKILL)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-status).name}"
    return f"Runtime exited with error: exit status {status}"
