"""A worker of the model: takes a message, writes an answer flush by flush, and may die anywhere.

It follows ``inference.worker`` and ``inference.publisher`` step by step over the product's own
``AnswerLog``; each step is one turn of the schedule, and others may go first at each call within.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from copilot.answer_log.answers import Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import Fenced, NotTaken
from copilot.wire import Delta, End, FinalState
from tests.fault.model.network import Letter

if TYPE_CHECKING:
    from tests.fault.model.world import World

FAILURE_WAIT_S = 2


class Crash(BaseException):
    """The process that runs is killed."""


class Machine:
    """One execution environment of the inference function."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._skew = world.random.choice((0, 0, 0, -2, 2)) if world.skewed else 0
        self._log = world.answer_log(self._skew)
        self.number = number
        self.running = False
        self._forget()

    def _forget(self) -> None:
        self._letter: tuple[Letter, int] | None = None
        self._lease: Lease | None = None
        self._push: tuple[frozenset[str], Delta | End] | None = None
        self._subscribers: frozenset[str] = frozenset()
        self._stopped = False
        self._said: list[str] = []
        self._planned: list[str] = []

    @property
    def busy(self) -> bool:
        return self._letter is not None

    def step(self) -> None:
        """Go on by one step; whatever kills it leaves its message on the queue."""
        self.running = True
        try:
            self._step()
        except Crash:
            self._forget()
        except Fenced:
            self._acknowledge()
        except ClientError:
            self._give_up()
        finally:
            self.running = False

    def _step(self) -> None:
        if self._letter is None:
            self._letter = self._world.queue.receive(self._world.random, self._world.now)
        elif self._lease is None:
            self._take(self._letter[0].answer_id)
        elif self._push is not None:
            self._deliver()
        elif self._stopped:
            self._finish(self._lease, "cancelled")
        elif self._planned:
            self._write(self._lease)
        else:
            self._finish(self._lease, "done")

    def _take(self, answer_id: str) -> None:
        try:
            self._lease = self._log.take(answer_id)
        except NotTaken as refusal:
            if refusal.reason == "leased":
                self._come_back(max(refusal.retry_after_s, 1))
            else:
                self._acknowledge()
            return
        if self._lease.header.attempts > 1:
            self._world.seen.add("takeover")
        self._subscribers = self._lease.header.subscribers
        self._stopped = self._lease.header.cancelled
        self._plan(self._lease)
        if self._world.rules.acknowledges_early:
            letter, handle = self._held()
            self._world.queue.delete(letter, handle)

    def _plan(self, lease: Lease) -> None:
        """What the model will say this time; no two attempts say the same."""
        self._said = []
        count = self._world.random.randint(1, 4)
        attempt = self._world.attempts = self._world.attempts + 1
        self._planned = [f"a{attempt}w{number} " for number in range(1, count + 1)]
        self._world.ledger.planned(lease.answer_id, "".join(self._planned))

    def _write(self, lease: Lease) -> None:
        chance = self._world.random.random()
        if chance < 0.06 and self._said:
            self._world.seen.add("restart")
            self._lease = self._log.restart(lease)
            self._plan(self._lease)
            return
        if chance < 0.12:
            self._note(self._log.heartbeat(lease))
            return
        text, seq = self._planned[0], len(self._said) + 1
        delta = Delta(answer_id=lease.answer_id, epoch=lease.epoch, seq=seq, text=text)
        if self._world.rules.pushes_first:
            self._world.push(self._subscribers, delta)
        flushed = self._log.flush(lease, seq, text)
        self._said.append(self._planned.pop(0))
        self._note(flushed)
        if not self._world.rules.pushes_first:
            self._push = (flushed.subscribers, delta)

    def _note(self, flushed: Flushed) -> None:
        self._subscribers = flushed.subscribers
        self._stopped = self._stopped or flushed.cancelled

    def _deliver(self) -> None:
        assert self._push is not None
        to, event = self._push
        self._push = None
        for gone in self._world.push(to, event):
            if self._lease is not None:
                self._log.drop_subscriber(self._lease.answer_id, gone)
        if isinstance(event, End):
            self._acknowledge()

    def _finish(self, lease: Lease, state: FinalState) -> None:
        end, flushed = self._log.finish(
            lease,
            Ending(
                state=state,
                finish_reason="stop" if state == "done" else state,
                last_seq=len(self._said),
                text="".join(self._said),
            ),
        )
        self._push = (flushed.subscribers, end)

    # --- what becomes of the message ----------------------------------------------------------

    def _held(self) -> tuple[Letter, int]:
        assert self._letter is not None
        return self._letter

    def _acknowledge(self) -> None:
        letter, handle = self._held()
        self._world.queue.delete(letter, handle)
        self._forget()

    def _come_back(self, first_wait_s: int) -> None:
        letter, handle = self._held()
        outcome = self._world.come_back(first_wait_s, letter.receives)
        self._world.queue.come_back(letter, handle, self._world.now + outcome.retry_after_s)
        self._forget()

    def _give_up(self) -> None:
        lease = self._lease
        try:
            if lease is not None:
                self._log.release(lease)
        except (ClientError, Crash):
            pass  # The lease runs out by itself.
        if self._letter is not None:
            self._come_back(FAILURE_WAIT_S)
