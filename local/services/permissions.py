"""What each function may do: its role's statements in the template, evaluated like IAM. Pure.

An explicit ``Deny`` wins, what no ``Allow`` covers is refused. Of conditions only those on
DynamoDB's leading keys are evaluated; any other counts as met.
"""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.services.aws_calls import Call

logger = logging.getLogger(__name__)

LEADING_KEYS = "dynamodb:LeadingKeys"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy; actions are in lower case, as IAM compares them."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    leading_keys: tuple[str, ...] | None = None

    @classmethod
    def of(cls, statement: Mapping[str, Any]) -> Statement:
        """From a statement whose intrinsics are resolved."""
        keys = None
        for condition in (statement.get("Condition") or {}).values():
            if LEADING_KEYS in condition:
                keys = tuple(_several(condition[LEADING_KEYS]))
        return cls(
            allows=statement["Effect"] == "Allow",
            actions=tuple(str(action).lower() for action in _several(statement["Action"])),
            resources=tuple(str(resource) for resource in _several(statement["Resource"])),
            leading_keys=keys,
        )

    def covers(self, call: Call) -> bool:
        """Whether it speaks of a call."""
        if not _matches(call.action.lower(), self.actions):
            return False
        if call.resource is not None and not _matches(call.resource, self.resources):
            return False
        if self.leading_keys is None:
            return True
        return bool(call.keys) and all(_matches(key, self.leading_keys) for key in call.keys)


@dataclass(slots=True)
class Permissions:
    """Every function's statements, and what was refused so far."""

    statements: Mapping[str, tuple[Statement, ...]]
    roles: Mapping[str, str]
    refused: list[str] = field(default_factory=list)

    def refusal(self, function: str, calls: Iterable[Call]) -> str | None:
        """Why ``function`` may not do this, or ``None``. Callers that are no function may."""
        if function not in self.statements:
            return None
        for call in calls:
            if not self.allows(function, call):
                role = self.roles[function]
                message = (
                    f"{function} is not authorized to perform: {call.action} on resource: "
                    f"{call.resource or 'unknown'}, because {role} in template.yaml does not "
                    "allow it"
                )
                self.refused.append(message)
                logger.error(message)
                return message
        return None

    def allows(self, function: str, call: Call) -> bool:
        """Whether the role of ``function`` allows a call."""
        effects = {s.allows for s in self.statements[function] if s.covers(call)}
        return effects == {True}


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    # IAM knows * and ? only; brackets are plain characters to it.
    return any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in patterns)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
