"""The execution environments of one function: started on demand, reused, bounded in number."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from local.functions.runtime_api import FunctionFailed, Invocation
from local.functions.worker import Launch, Worker

logger = logging.getLogger(__name__)

CLOSE_GRACE_S = 3.0


class Pool:
    """Runs a function in at most ``size`` processes, one invocation each at a time."""

    def __init__(self, launch: Launch, size: int) -> None:
        self.launch = launch
        self.workers: list[Worker] = []
        self._size = size
        self._waiting: deque[Invocation] = deque()
        self._idle: list[Worker] = []
        self._warming: deque[asyncio.Future[None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._closed = False

    async def invoke(self, payload: bytes) -> bytes:
        """Run one event (JSON) and return the response (JSON).

        Raises:
            FunctionFailed: the function raised, timed out, died, or could not start.
        """
        invocation = Invocation(payload, asyncio.get_running_loop().create_future())
        self._waiting.append(invocation)
        self._dispatch()
        return await invocation.result

    async def warm(self) -> None:
        """Have one worker ready.

        Raises:
            FunctionFailed: the function could not be loaded.
        """
        if self._idle:
            return
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._warming.append(ready)
        if not self.workers:
            self._start_worker()
        await ready

    async def close(self) -> None:
        """Let running invocations finish for a moment, then kill every worker.

        Whatever was waiting or takes longer fails.
        """
        self._closed = True
        running = [w.invocation.result for w in self.workers if w.invocation is not None]
        if running:
            await asyncio.wait(running, timeout=CLOSE_GRACE_S)
        closing = FunctionFailed("Runtime.Shutdown", "The stack is stopping")
        for invocation in self._waiting:
            invocation.fail(closing)
        self._waiting.clear()
        await asyncio.gather(*self._tasks)
        await asyncio.gather(*(worker.stop() for worker in list(self.workers)))

    def worker_ready(self, worker: Worker) -> None:
        """A worker asks for work."""
        # The last one used goes first, so that few processes stay warm.
        self._idle.append(worker)
        while self._warming:
            _settle(self._warming.popleft(), None)
        self._dispatch()

    def worker_failed_to_start(self, worker: Worker, error: FunctionFailed) -> None:
        """A worker has died before it was ready: whoever it was started for must hear of it."""
        if self._closed:
            return
        logger.error(
            "%s could not start: %s (see %s)", self.launch.function.name, error, self.launch.log
        )
        if self._warming:
            _settle(self._warming.popleft(), error)
        if self._waiting:
            self._waiting.popleft().fail(error)

    def worker_gone(self, worker: Worker) -> None:
        """A worker has died; the next invocation gets a new one."""
        self.workers.remove(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting and self._idle:
            invocation = self._waiting.popleft()
            if not invocation.result.done():
                self._idle.pop().give(invocation)
        coming = sum(worker.state in ("starting", "returning") for worker in self.workers)
        lacking = min(len(self._waiting) - coming, self._size - len(self.workers))
        for _ in range(lacking if not self._closed else 0):
            self._start_worker()

    def _start_worker(self) -> None:
        self._count += 1
        worker = Worker(self.launch, self._count, self)
        self.workers.append(worker)
        task = asyncio.create_task(worker.start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Functions:
    """Every function of the template by its logical id."""

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self.pools = pools

    async def invoke(self, name: str, event: Any) -> Any:
        """Invoke a function with an event and return its result, both as plain JSON values.

        Raises:
            FunctionFailed: see ``Pool.invoke``.
        """
        return json.loads(await self.pools[name].invoke(json.dumps(event).encode()))

    async def close(self) -> None:
        """Kill every worker of every function."""
        await asyncio.gather(*(pool.close() for pool in self.pools.values()))


def _settle(future: asyncio.Future[None], error: FunctionFailed | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
