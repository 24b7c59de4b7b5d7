"""The model's DynamoDB agrees with moto's: the same life of answers leaves the same table."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from copilot.access.connections import Connection, Connections
from copilot.answer_log.answers import AnswerLog, Lease
from copilot.answer_log.asking import Asking
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import Fenced, NotTaken
from copilot.answer_log.question import NewQuestion
from copilot.answer_log.replay import replay
from copilot.answer_log.stopping import Stopping
from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import ErrorInfo
from tests.conftest import Time
from tests.fault.memory_dynamodb import MemoryDynamoDb

ANN = Identity(tenant="acme", user="ann")
BOB = Identity(tenant="acme", user="bob")
FAILED = ErrorInfo(code="answer_failed", message="failed", retryable=True)
STEPS = 60


class Life:
    """Random calls of ``copilot`` on one table; equal seeds make equal calls."""

    def __init__(self, table: Table, time: Time, seed: int) -> None:
        self._random = Random(seed)
        self._time = time
        self._table = table
        self._log = AnswerLog(table, time)
        self._asking = Asking(table, time, questions_per_minute=6)
        self._stopping = Stopping(table, time)
        self._answers: list[str] = []
        self._conversations: list[str | None] = [None]
        self._leases: list[tuple[Lease, list[str]]] = []

    def step(self) -> Any:
        """One call; returns what came of it, without the identifiers that no two runs share."""
        steps: list[Callable[[], Any]] = [self._ask, self._pass_time, self._connect]
        if self._answers:
            steps += [self._take, self._take, self._resume, self._cancel, self._fail]
        if self._leases:
            steps += [self._flush] * 4 + [self._finish, self._restart, self._release, self._drop]
        try:
            return self._random.choice(steps)()
        except (RequestError, NotTaken, Fenced) as refusal:
            return type(refusal).__name__

    def _ask(self) -> Any:
        asked = self._asking.ask(
            NewQuestion(
                identity=self._random.choice((ANN, BOB)),
                connection_id=f"c{self._random.randrange(3)}",
                client_msg_id=f"m{self._random.randrange(12)}",
                text=self._random.choice(("What?", "Why?")),
                conversation_id=self._random.choice(self._conversations),
            )
        )
        if asked.answer_id not in self._answers:
            self._answers.append(asked.answer_id)
            self._conversations.append(asked.conversation_id)
        return asked.enqueue

    def _pass_time(self) -> None:
        self._time.now += self._random.choice((1, 10, 20))

    def _connect(self) -> Any:
        connections = Connections(self._table, self._time)
        name = f"c{self._random.randrange(3)}"
        connections.open(
            Connection(connection_id=name, identity=ANN, anonymous=True, connected_at=1)
        )
        identified = connections.identify(connections.get(name), "browser")
        connections.close(f"c{self._random.randrange(3)}")
        return identified

    def _take(self) -> Any:
        lease = self._log.take(self._random.choice(self._answers))
        self._leases.append((lease, []))
        return lease.epoch

    def _flush(self) -> Any:
        lease, said = self._random.choice(self._leases)
        text = f"w{len(said)} "
        flushed = self._log.flush(lease, len(said) + 1, text)
        said.append(text)
        return sorted(flushed.subscribers), flushed.cancelled

    def _finish(self) -> Any:
        lease, said = self._random.choice(self._leases)
        ending = Ending(state="done", finish_reason="stop", last_seq=len(said), text="".join(said))
        end, flushed = self._log.finish(lease, ending)
        return end.sha256, end.epoch, sorted(flushed.subscribers)

    def _restart(self) -> Any:
        lease = self._log.restart(self._random.choice(self._leases)[0])
        self._leases.append((lease, []))
        return lease.epoch

    def _release(self) -> None:
        self._log.release(self._random.choice(self._leases)[0])

    def _drop(self) -> None:
        lease, _ = self._random.choice(self._leases)
        self._log.drop_subscriber(lease.answer_id, f"c{self._random.randrange(3)}")

    def _resume(self) -> Any:
        answer_id = self._random.choice(self._answers)
        header = self._asking.subscribe(
            self._random.choice((ANN, BOB)), answer_id, f"c{self._random.randrange(3)}"
        )
        claimed = not header.is_final and self._log.claim_enqueue(header)
        events = replay(self._table, header, epoch=self._random.randrange(3), after_seq=0)
        return claimed, [type(event).__name__ for event in events], events[0].epoch

    def _cancel(self) -> Any:
        answer_id = self._random.choice(self._answers)
        _, end = self._stopping.cancel(self._random.choice((ANN, BOB)), answer_id)
        return end and (end.state, end.sha256)

    def _fail(self) -> Any:
        ended = self._stopping.fail(self._random.choice(self._answers), FAILED)
        return ended and ended[1].sha256


@pytest.mark.parametrize("seed", range(12))
def test_the_same_calls_lead_to_the_same_results(table: Table, seed: int) -> None:
    memory = MemoryDynamoDb()
    ours = Life(Table(memory, "copilot"), Time(), seed)  # type: ignore[arg-type]
    theirs = Life(table, Time(), seed)
    for step in range(STEPS):
        assert ours.step() == theirs.step(), f"step {step}"
    stored = table.client.scan(TableName="copilot")["Items"]
    assert len(stored) == len(memory.items)
    kept = sorted(_shape(item) for item in memory.items.values())
    assert kept == sorted(_shape(item) for item in stored)


IDENTIFIERS = {
    *("PK", "SK", "payload", "answer_id", "conversation_id", "active_answer", "leaf", "parent"),
    "end",
}


def _shape(item: Any) -> str:
    """An item without what names it: identifiers are random."""
    return str(sorted((k, sorted(str(v))) for k, v in item.items() if k not in IDENTIFIERS))
