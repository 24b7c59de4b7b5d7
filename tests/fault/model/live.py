"""The second model: the product's worker and publisher themselves, on virtual time.

The first model interleaves single calls; here whole coroutines of ``inference.worker`` and
``inference.publisher`` run against the answer log over the model's table, with slow and failing
calls, pauses beyond the lease, kills, lost frames and reconnects. A second takes no time.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable
from functools import partial
from random import Random
from typing import Any, ParamSpec, TypeVar

from botocore.exceptions import ClientError

from copilot.answer_log.answers import AnswerLog, Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.conversations.history import Message
from copilot.wire import End, Source, decode_event
from inference import publisher as publisher_module
from inference.answering.turn import Limits
from inference.answering.turn_events import Ended, Found, Restarted, Started, TurnEvent
from inference.metering.meter import Meter
from inference.ports import ConnectionGone, TextDelta, Throttled
from inference.publisher import Pace, Publisher
from inference.worker import Delivery, Worker
from tests.fakes import FakeMetrics
from tests.fault.memory_dynamodb import throttled
from tests.fault.model.ledger import Violation
from tests.fault.model.network import Letter
from tests.fault.model.rules import Rules
from tests.fault.model.world import World
from tests.virtual_time import VirtualClock, run_virtually

P = ParamSpec("P")
T = TypeVar("T")
FAULTY_S = 40.0
"""How long faults strike; then follows the calm."""
CALM_S = 600.0
SOURCE = Source(id="1", title="T", snippet="s", score=1.0, document="d.md", chunk_id="c")


class LiveWorld(World):
    """A world whose workers are coroutines of the product."""

    def __init__(self, seed: int, rules: Rules, publisher: type[Publisher] = Publisher) -> None:
        super().__init__(seed, rules)
        self._machines = []
        self._publisher = publisher
        self._workers: dict[asyncio.Task[None], Letter] = {}
        self._broken: list[Violation] = []
        self.stormy = True

    def run(self) -> None:
        run_virtually(self._live())
        if self._broken:
            raise self._broken[0]
        self.ledger.close(self.tabs)

    # --- what workers need --------------------------------------------------------------------

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One call of the table: it takes time, and may fail before or after it took effect."""
        await self._latency()
        if self.stormy and self.random.random() < 0.01:
            raise throttled("Call")
        self._tell_time()
        result = function(*args, **kwargs)
        await self._latency()
        return result

    async def deliver(self, connection_id: str, frame: bytes) -> None:
        """Post one frame to a connection, as the sink does."""
        await self._latency()
        if self.stormy and self.random.random() < 0.03:
            raise Throttled("on purpose")
        event = decode_event(frame)
        self._hold(lambda: self.ledger.pushed(event))
        socket = self._sockets.get(connection_id)
        if socket is None or not socket.open:
            raise ConnectionGone("on purpose")
        self._down(socket, event)

    async def _latency(self) -> None:
        chance = self.random.random()
        if self.stormy and chance < 0.004:
            await asyncio.sleep(self.random.uniform(10, 25))  # Paused: it wakes as a zombie.
        else:
            await asyncio.sleep(chance * 0.03)

    # --- the life of one schedule -------------------------------------------------------------

    async def _live(self) -> None:
        for tab in self.tabs:
            tab.connect()
        background = [
            asyncio.create_task(work) for work in (self._work(), self._carry(), self._watch())
        ]
        await self._storm()
        self.stormy = False
        for _ in range(int(CALM_S)):
            if self._broken or (
                all(tab.finished for tab in self.tabs) and not self.ledger.unfinished()
            ):
                break
            await asyncio.sleep(1)
        tasks = [*background, *self._workers]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _storm(self) -> None:
        until = asyncio.get_running_loop().time() + FAULTY_S
        while asyncio.get_running_loop().time() < until and not self._broken:
            await asyncio.sleep(self.random.uniform(0.05, 1.5))
            chance = self.random.random()
            tabs = [tab for tab in self.tabs if not tab.gone]
            if chance < 0.12 and self._workers:
                self.random.choice(list(self._workers)).cancel()  # SIGKILL
            elif chance < 0.25 and tabs:
                socket = self.random.choice(tabs).socket
                if socket is not None:
                    socket.cut()
            elif chance < 0.30 and self.queue.letters:
                self._tell_time()
                self._deliver_twice()
            elif chance < 0.32:
                answered = [tab for tab in tabs if tab.answer_id is not None]
                if answered:
                    self._hold(self.random.choice(answered).cancel)
            elif chance < 0.40:
                for socket in self._sockets.values():
                    if socket.downward:
                        socket.disturb(self.random)

    async def _work(self) -> None:
        """The event source: receives messages, runs workers, deletes what they are done with."""
        while True:
            await asyncio.sleep(0.1)
            self._tell_time()
            received = self.queue.receive(self.random, self.now)
            if received is not None:
                task = asyncio.create_task(self._serve_letter(*received))
                self._workers[task] = received[0]
                task.add_done_callback(lambda done: self._workers.pop(done, None))
            if self.queue.dead:
                self._hold(self._bury)

    async def _serve_letter(self, letter: Letter, handle: int) -> None:
        log = TableLog(self, self.answer_log(0))
        clock = VirtualClock()
        worker = ScriptedWorker(
            world=self,
            leases=log,
            publisher=self._publisher(log, PostingSink(self), clock, Pace()),
            engine=None,
            model=None,
            clock=clock,
            metrics=FakeMetrics(),
            limits=Limits(),
        )
        deadline = clock.monotonic() + 120
        try:
            outcome = await worker.answer(
                letter.answer_id, deadline=deadline, delivery=Delivery(times=letter.receives)
            )
        except ClientError:
            outcome = self.come_back(2, letter.receives)
        except Violation as violation:
            self._broken.append(violation)
            return
        self._tell_time()
        if outcome.done:
            self.queue.delete(letter, handle)
        else:
            self.queue.come_back(letter, handle, self.now + outcome.retry_after_s)

    async def _carry(self) -> None:
        """The network: frames arrive, each after its own time."""
        while True:
            await asyncio.sleep(self.random.uniform(0.005, 0.05))
            self._tell_time()
            for socket in list(self._sockets.values()):
                if socket.upward:
                    self._hold(partial(self._serve, socket))
                for _ in range(len(socket.downward)):
                    self._hold(partial(self._deliver, socket))

    async def _watch(self) -> None:
        """Every page's watchdog; it is not told of frames, so it asks more often than it need."""
        while True:
            await asyncio.sleep(6)
            self._tell_time()
            for tab in self.tabs:
                self._hold(tab.watch)

    def _hold(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except Violation as violation:
            self._broken.append(violation)

    def _tell_time(self) -> None:
        self.now = VirtualClock().time()


class TableLog:
    """The answer log for the product's worker and publisher, with slow and failing calls."""

    def __init__(self, world: LiveWorld, log: AnswerLog) -> None:
        self._world = world
        self._log = log

    async def take(self, answer_id: str) -> Lease:
        return await self._world.call(self._log.take, answer_id)

    async def release(self, lease: Lease) -> None:
        await self._world.call(self._log.release, lease)

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        return await self._world.call(self._log.flush, lease, seq, chunk)

    async def heartbeat(self, lease: Lease) -> Flushed:
        return await self._world.call(self._log.heartbeat, lease)

    async def restart(self, lease: Lease) -> Lease:
        return await self._world.call(self._log.restart, lease)

    async def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]:
        return await self._world.call(self._log.finish, lease, ending)

    async def drop_subscriber(self, answer_id: str, connection_id: str) -> None:
        await self._world.call(self._log.drop_subscriber, answer_id, connection_id)

    async def history(self, lease: Lease) -> list[Message]:
        return []


class PostingSink:
    """``ports.Sink`` into the model's network."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world

    async def post(self, connection_id: str, frame: bytes) -> None:
        await self._world.deliver(connection_id, frame)


class ScriptedWorker(Worker):
    """The product's worker with a scripted turn: no two attempts say the same."""

    def __init__(self, *, world: LiveWorld, **parts: Any) -> None:
        super().__init__(**parts)
        self._world = world

    async def _events(
        self,
        lease: Lease,
        deadline: float,
        cancelled: asyncio.Event,
        wanted: asyncio.Event,
        meter: Meter,
    ) -> AsyncGenerator[TurnEvent]:
        random = self._world.random
        while True:
            yield Started("miss")
            if random.random() < 0.5:
                yield Found([SOURCE])
            words = self._plan(lease.answer_id, random)
            breaks_at = random.randrange(1, 40)
            for number, word in enumerate(words):
                if cancelled.is_set():
                    yield Ended(state="cancelled", finish_reason="cancelled")
                    return
                if number == breaks_at:
                    break
                await asyncio.sleep(random.uniform(0, 0.3))
                yield TextDelta(text=word)
            else:
                yield Ended(state="done", finish_reason="stop")
                return
            yield Restarted("model_incomplete")

    def _plan(self, answer_id: str, random: Random) -> list[str]:
        attempt = self._world.attempts = self._world.attempts + 1
        words = [f"a{attempt}w{number} " for number in range(random.randint(1, 25))]
        self._world.ledger.planned(answer_id, "".join(words))
        return words


FLUSHES = """        flushed = await self._log.flush(self._lease, seq, text)
        self._seq = seq
"""
PUSHES = """        await self._push(
            Delta(answer_id=self._lease.answer_id, epoch=self._lease.epoch, seq=seq, text=text)
        )
"""


def hasty_publisher() -> type[Publisher]:
    """The product's publisher with two statements of its source swapped: push, then persist."""
    source = inspect.getsource(publisher_module)
    if source.count(FLUSHES) != 1 or source.count(PUSHES) != 1:
        raise AssertionError("inference.publisher no longer flushes and pushes text as it did")
    source = source.replace(PUSHES, "").replace(FLUSHES, PUSHES + FLUSHES)
    namespace: dict[str, Any] = {"__name__": "inference.publisher"}
    exec(compile(source, "hasty publisher", "exec"), namespace)
    mutated: type[Publisher] = namespace["Publisher"]
    return mutated


def try_live(
    seed: int, rules: Rules | None = None, publisher: type[Publisher] = Publisher
) -> str | None:
    """Run one live schedule; returns the promise that it breaks, if it does."""
    try:
        LiveWorld(seed, rules or Rules(), publisher).run()
    except Violation as violation:
        return str(violation)
    return None
