"""What goes wrong on purpose: rules that tests set, asked by the edges at each step. Pure.

Without rules everything passes untouched.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["drop", "duplicate", "delay", "hold", "reset", "refuse", "deny", "slow", "late"]
PUSH_KINDS = frozenset({"drop", "duplicate", "delay", "hold", "reset"})
SERVICE_KINDS = frozenset({"deny", "slow", "late"})


@dataclass(slots=True)
class Rule:
    """One fault.

    On frames to a client: ``drop`` it, ``duplicate`` it, ``delay`` it (with everything after it) by
    ``ms``, ``hold`` it back until the next frame has gone (reorders), ``reset`` the connection
    instead of sending. On posts of functions: ``refuse`` with ``status`` (410 or 429). On calls of
    services (``dynamodb``, ``sqs``, ...): ``deny`` with ``status`` and the error code ``code``,
    ``slow`` by ``ms`` before they are made, or ``late`` by ``ms`` with their answer.
    """

    kind: Kind
    contains: str = ""
    """Only frames with this text, only calls of this operation (``UpdateItem``)."""
    body: str = ""
    """Only calls of services whose request holds this text."""
    connection: str | None = None
    service: str | None = None
    skip: int = 0
    """How many matches pass first."""
    times: int | None = 1
    """How many matches it strikes; ``None``: all."""
    probability: float = 1.0
    ms: float = 0.0
    status: int = 503
    code: str = "ServiceUnavailable"
    rule_id: int = field(default_factory=itertools.count(1).__next__)
    struck: int = 0


class Faults:
    """The rules in force. ``seed`` makes probabilities repeatable."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self._random = random.Random(seed)  # noqa: S311 - it decides faults, not secrets.

    def add(self, rule: Rule) -> int:
        """Put a rule in force; returns its id."""
        self.rules.append(rule)
        return rule.rule_id

    def remove(self, rule_id: int) -> None:
        """Let a rule strike no more; unknown ones have been used up."""
        self.rules = [rule for rule in self.rules if rule.rule_id != rule_id]

    def clear(self) -> None:
        """Let everything pass again."""
        self.rules.clear()

    def on_push(self, connection_id: str, frame: str | bytes) -> list[Rule]:
        """The faults that strike a frame on its way to a client."""
        return list(self._striking(PUSH_KINDS, frame, connection_id, None))

    def on_post(self, connection_id: str, frame: bytes) -> Rule | None:
        """The fault that strikes a function's post to a connection."""
        return next(self._striking(frozenset({"refuse"}), frame, connection_id, None), None)

    def on_call(self, service: str, operation: str, body: bytes = b"") -> list[Rule]:
        """The faults that strike a call of a service."""
        return list(self._striking(SERVICE_KINDS, operation, None, service, body))

    def _striking(
        self,
        kinds: frozenset[str],
        content: str | bytes,
        connection: str | None,
        service: str | None,
        body: bytes = b"",
    ) -> Iterator[Rule]:
        for rule in list(self.rules):
            if rule.body and rule.body.encode() not in body:
                continue
            if rule.kind in kinds and _matches(rule, content, connection, service):
                if rule.skip > 0:
                    rule.skip -= 1
                elif self._random.random() < rule.probability:
                    rule.struck += 1
                    if rule.times is not None and rule.struck >= rule.times:
                        self.rules.remove(rule)
                    yield rule


def _matches(rule: Rule, content: str | bytes, connection: str | None, service: str | None) -> bool:
    if rule.connection is not None and rule.connection != connection:
        return False
    if rule.service is not None and rule.service != service:
        return False
    if not rule.contains:
        return True
    if isinstance(content, bytes):
        return rule.contains.encode() in content
    return rule.contains in content
