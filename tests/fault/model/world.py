"""One schedule of the protocol: people, workers, queue, network and clock, in an order that a
random seed chooses; then a calm in which everything must come to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NoReturn

import msgspec
from botocore.exceptions import ClientError
from msgspec.structs import replace

from copilot.access.allowance import Allowance
from copilot.access.connections import Connection, Connections, UnknownConnection
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.header import NotTaken
from copilot.answer_log.stopping import Stopping
from copilot.identity import Identity
from copilot.table import HEADER_SK, Table, answer_pk
from copilot.wire import (
    AnyServerEvent,
    Delta,
    End,
    ErrorInfo,
    Resume,
    Snapshot,
    Start,
    decode_client,
    encode_event,
)
from inference.worker import come_back
from tests.fault.memory_dynamodb import MemoryDynamoDb, throttled
from tests.fault.model.ledger import Ledger, Violation
from tests.fault.model.machine import Crash, Machine
from tests.fault.model.network import Queue, Socket
from tests.fault.model.person import Tab
from tests.fault.model.rules import Rules
from websocket_handler.desk import AwsDesk
from websocket_handler.routes import Caller, Routes

BEGAN = 1_800_000_000.0
DEEPEST = 3
"""How many calls may be held up within each other while others go first."""
FAILED = ErrorInfo(code="answer_failed", message="failed", retryable=True)
CALM_ROUNDS = 120
WATCHDOG_S = 6


class World:
    """Everything of one schedule. ``run`` raises ``Violation`` where a promise is broken."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.random = Random(seed)
        self.rules = rules
        self.now = BEGAN
        self.skewed = self.random.random() < 0.3
        self.attempts = 0
        self.steps = 0
        self.seen: set[str] = set()
        """What went wrong, and what was done about it."""
        self.queue = Queue()
        self.come_back = come_back
        self._client = MemoryDynamoDb()
        self._client.rewrite = rules.rewrite
        self.ledger = Ledger(self._client.items)
        self._client.written = self.ledger.written
        self._table = Table(self._client, "copilot")  # type: ignore[arg-type]
        self._connections = Connections(self._table, self._time)
        desk = AwsDesk(
            self._table,
            self,  # type: ignore[arg-type]
            "queue",
            self._time,
            questions_per_minute=1000,
            allowance=Allowance(),
            retention_s=86_400,
            audit_s=365 * 86_400,
            redacted=frozenset(),
        )
        self._routes = Routes(desk, self._time, 1000)
        self._stopping = Stopping(self._table, self._time)
        self._sockets: dict[str, Socket] = {}
        self._numbers = 0
        self._depth = 0
        self._machines = [Machine(self, number) for number in range(self.random.randint(1, 3))]
        self.tabs = [
            Tab(self, f"user{number}", f"m{number}", None)
            for number in range(self.random.randint(1, 2))
        ]
        self._follow_ups: dict[str, str] = {}

    def take_apart(self) -> None:
        """Let go of every part. They refer to each other through the world: so nothing is left to
        the garbage collector, and the next world finds its memory warm."""
        vars(self).clear()

    # --- what the parts of the world ask of it ------------------------------------------------

    def answer_log(self, skew_s: float) -> AnswerLog:
        """The product's answer log by a clock that is wrong by ``skew_s``."""
        return AnswerLog(self._table, lambda: self.now + skew_s)

    def send_message(self, **request: Any) -> None:
        """SQS, as the desk of the routes calls it."""
        self._before("SendMessage")
        answer_id = msgspec.json.decode(request["MessageBody"])["answer_id"]
        self.ledger.enqueued.add(answer_id)
        self.queue.send(answer_id, self.now)
        self._after("SendMessage")

    def connect(self, user: str) -> Socket | None:
        """A new connection of a person who has said hello; ``None`` where it failed."""
        self._numbers += 1
        socket = Socket(f"c{self._numbers:03d}")
        try:
            self._connections.open(
                Connection(
                    connection_id=socket.connection_id,
                    identity=Identity(tenant="acme", user=user),
                    anonymous=False,
                    connected_at=int(self.now),
                )
            )
        except (Crash, ClientError):
            return None
        standing = [other for other in self._sockets.values() if other.open]
        self._sockets = {other.connection_id: other for other in (*standing, socket)}
        return socket

    def push(self, connections: frozenset[str], event: AnyServerEvent) -> list[str]:
        """Post an event; returns the connections that are gone."""
        self.ledger.pushed(event)
        gone = []
        for connection_id in sorted(connections):
            socket = self._sockets.get(connection_id)
            if socket is None or not socket.open:
                gone.append(connection_id)
            else:
                self._down(socket, event)
        return gone

    def conversation_of(self, message_id: str) -> str | None:
        """The conversation that a question belongs to; ``None``: a new one."""
        return self._follow_ups.get(message_id)

    # --- the schedule -------------------------------------------------------------------------

    def run(self) -> None:
        """Some steps in a random order with faults, then calm, then the promises."""
        self._client.before, self._client.after = self._before, self._after
        for tab in self.tabs:
            tab.connect()
        for _ in range(self.random.randint(15, 40)):
            self._step()
        self._client.before = self._client.after = _undisturbed
        self._depth = DEEPEST
        self._calm()
        self.ledger.close(self.tabs)

    def _step(self) -> None:
        self.steps += 1
        possible = self._possible()
        at = self.random.random() * sum([weight for weight, _, _ in possible])
        for weight, act, whose in possible:
            at -= weight
            if at < 0:
                act(whose)
                return
        _, act, whose = possible[-1]
        act(whose)

    def _possible(self) -> list[tuple[float, Callable[[Any], object], object]]:
        """What may happen next: its weight, and what is to be called with what."""
        found: list[tuple[float, Callable[[Any], object], object]] = [
            (1.0, World._let_time_pass, self)
        ]
        found += [(4.0, Machine.step, machine) for machine in self._machines if not machine.running]
        for socket in self._sockets.values():
            if socket.upward:
                found.append((4.0, self._serve, socket))
            if socket.downward:
                found += ((4.0, self._deliver, socket), (0.7, self._disturb, socket))
        for tab in self.tabs:
            if not tab.finished:
                found.append((0.6, Tab.watch, tab))
                if tab.socket is not None and tab.socket.open:
                    found.append((0.3, Socket.cut, tab.socket))
                found.append((0.04, Tab.leave, tab))
            if tab.answer_id is not None and not tab.gone:
                found += ((0.12, Tab.cancel, tab), (0.2, Tab.reload, tab))
                if len(self.tabs) < 4:
                    found += ((0.2, self._second_tab, tab), (0.2, self._follow_up, tab))
        if self.queue.letters:
            found.append((0.3, World._deliver_twice, self))
        if self.queue.dead:
            found.append((1.0, World._bury, self))
        return found

    def _let_time_pass(self) -> None:
        self.now += self.random.choice((0.2, 1, 3, 6, 16))

    def _second_tab(self, tab: Tab) -> None:
        other = Tab(self, tab.user, tab.message_id, tab.answer_id)
        self.tabs.append(other)
        other.connect()

    def _follow_up(self, tab: Tab) -> None:
        message_id = f"{tab.message_id}n"
        if tab.conversation_id is None or message_id in self._follow_ups:
            return
        self._follow_ups[message_id] = tab.conversation_id
        other = Tab(self, tab.user, message_id, None)
        self.tabs.append(other)
        other.connect()

    def _deliver_twice(self) -> None:
        letter = self.random.choice(self.queue.letters)
        self.queue.send(letter.answer_id, self.now)

    def _disturb(self, socket: Socket) -> None:
        self.seen.add(f"{socket.disturb(self.random)} frame")

    def _deliver(self, socket: Socket) -> None:
        frame = socket.downward.popleft()
        for tab in self.tabs:
            if tab.socket is socket and not tab.gone:
                tab.receive(frame)

    def _serve(self, socket: Socket) -> None:
        """One frame through the product's routes; a crash in them leaves the client waiting."""
        at = self.random.randrange(len(socket.upward))  # frames of one socket run side by side
        frame = socket.upward[at]
        del socket.upward[at]
        try:
            message = decode_client(frame)
            if isinstance(message, Resume):
                self.seen.add("resume")
                if self.rules.flat_epochs:
                    message = replace(message, epoch=self._epoch_of(message.answer_id))
            connection = self._connections.get(socket.connection_id)
            caller = Caller(connection_id=socket.connection_id, identity=connection.identity)
            outcome = self._routes.route(caller, message, "frame")
        except (Crash, ClientError, UnknownConnection):
            return
        for reply in outcome.replies:
            if isinstance(reply, End):
                self.ledger.pushed(reply)
            if socket.open:
                self._down(socket, reply)
        for other, event in outcome.pushes:
            self.push(frozenset({other}), event)

    def _bury(self) -> None:
        """The dead-letter consumer."""
        letter = self.queue.dead.pop()
        try:
            ended = self._stopping.fail(letter.answer_id, FAILED)
        except (Crash, ClientError, NotTaken):
            self.queue.dead.append(letter)
            return
        if ended is not None:
            header, end = ended
            self.push(header.subscribers, end)

    def _down(self, socket: Socket, event: AnyServerEvent) -> None:
        if self.rules.flat_epochs and isinstance(event, Start | Delta | Snapshot | End):
            event = replace(event, epoch=1)
        socket.downward.append(encode_event(event))

    def _epoch_of(self, answer_id: str) -> int:
        header = self._client.items.get((answer_pk(answer_id), HEADER_SK))
        return 0 if header is None else int(header["epoch"]["N"])

    # --- around every call of a service -------------------------------------------------------

    def _before(self, operation: str) -> None:
        chance = self.random.random()
        if chance < 0.008:
            self._crash()
        if chance < 0.016:
            self.seen.add("refused call")
            raise throttled(operation)
        if chance < 0.12 and self._depth < DEEPEST:
            self._depth += 1
            self.seen.add("overtaken call")
            try:
                for _ in range(self.random.randint(1, 5)):
                    self._step()
            finally:
                self._depth -= 1

    def _after(self, operation: str) -> None:
        if self.random.random() < 0.008:
            self._crash()

    def _crash(self) -> NoReturn:
        self.seen.add("crash")
        raise Crash

    # --- calm ---------------------------------------------------------------------------------

    def _calm(self) -> None:
        """No more faults: people watch, workers work, time passes, until all is at its end."""
        for _ in range(CALM_ROUNDS):
            for tab in self.tabs:
                tab.watch()
            self._drain()
            if all(tab.finished for tab in self.tabs) and not self.ledger.unfinished():
                return
            self.now += WATCHDOG_S

    def _drain(self) -> None:
        for _ in range(400):
            busy = False
            for socket in self._sockets.values():
                if socket.upward:
                    busy = True
                    self._serve(socket)
                for _ in range(len(socket.downward)):
                    busy = True
                    self._deliver(socket)
            for machine in self._machines:
                machine.step()
                busy = busy or machine.busy
            while self.queue.dead and not busy:
                before = len(self.queue.dead)
                self._bury()
                if len(self.queue.dead) == before:
                    break
                busy = True
            if not busy:
                return
        raise Violation("it does not come to rest")

    def _time(self) -> float:
        return self.now


def _undisturbed(operation: str) -> None:
    """Every call goes through."""
