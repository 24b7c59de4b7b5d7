"""Who is next: the order in which a standard queue hands out the messages of several tenants. Pure.

SQS calls it fair queues: a group (``MessageGroupId``) that occupies more than its share of the
consumers has its messages returned after those of quieter groups. SQS's thresholds are approximate
by its own word (a tenth of what is in flight, from 30 messages on), and meant for fleets; here the
group with the fewest messages in flight is next, and among equals the one whose turn is longest
ago. A message without a group is a group of its own.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass(slots=True)
class _Held:
    message: Message
    since: float


@dataclass(slots=True)
class _Group:
    waiting: deque[_Held] = field(default_factory=deque)
    in_flight: int = 0
    turn: int = 0


class FairOrder:
    """Messages that were received and not yet handed out; times in seconds of any one clock."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._turns = 0

    def __len__(self) -> int:
        return sum(len(group.waiting) for group in self._groups.values())

    def add(self, messages: Iterable[Message], now: float) -> None:
        """Messages were received, in this order."""
        for message in messages:
            group = self._groups.setdefault(group_of(message), _Group())
            group.waiting.append(_Held(message, now))

    def take(self, count: int) -> list[Message]:
        """Up to ``count`` messages, fairest first; they are in flight until ``done``."""
        return [self._take() for _ in range(min(count, len(self)))]

    def done(self, messages: Iterable[Message]) -> None:
        """Messages that were taken are in flight no more, whatever became of them."""
        for message in messages:
            name = group_of(message)
            self._groups[name].in_flight -= 1
            self._forget_if_quiet(name)

    def held_since(self, before: float) -> list[Message]:
        """The waiting messages that were received, or renewed, before a time."""
        return [
            held.message
            for group in self._groups.values()
            for held in group.waiting
            if held.since < before
        ]

    def renew(self, messages: Iterable[Message], now: float) -> None:
        """Waiting messages count as received now."""
        renewed = {message["MessageId"] for message in messages}
        for group in self._groups.values():
            for held in group.waiting:
                if held.message["MessageId"] in renewed:
                    held.since = now

    def drop(self, messages: Iterable[Message]) -> None:
        """Waiting messages are the queue's again."""
        dropped = {message["MessageId"] for message in messages}
        for name, group in list(self._groups.items()):
            kept = (held for held in group.waiting if held.message["MessageId"] not in dropped)
            group.waiting = deque(kept)
            self._forget_if_quiet(name)

    def _take(self) -> Message:
        waiting = (group for group in self._groups.values() if group.waiting)
        group = min(waiting, key=lambda group: (group.in_flight, group.turn))
        self._turns += 1
        group.turn = self._turns
        group.in_flight += 1
        return group.waiting.popleft().message

    def _forget_if_quiet(self, name: str) -> None:
        group = self._groups[name]
        if not group.waiting and not group.in_flight:
            del self._groups[name]


def group_of(message: Mapping[str, Any]) -> str:
    """The message's group, or one of its own."""
    attributes = message.get("Attributes") or {}
    return str(attributes.get("MessageGroupId") or message["MessageId"])
