"""The safety rules of the protocol, and each of them broken on purpose: the mutations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from copilot import transcript as transcript_module
from copilot.transcript import Transcript


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the model behaves; the defaults are the product."""

    pushes_first: bool = False
    acknowledges_early: bool = False
    without_watchdog: bool = False
    flat_epochs: bool = False
    transcript: type[Transcript] = Transcript
    rewrite: Callable[[str], str] = str


def _without(clause: str, instead: str) -> Callable[[str], str]:
    """Replaces ``clause`` in every expression that the product sends."""

    def rewrite(expression: str) -> str:
        return expression.replace(clause, instead)

    return rewrite


def _without_fence(expression: str) -> str:
    if expression == "epoch = :mine AND #state = :streaming":
        return "attribute_exists(PK)"
    return expression


def _patched_transcript(line: str, instead: str) -> type[Transcript]:
    """The product's reducer with one line of its source replaced."""
    source = inspect.getsource(transcript_module)
    if source.count(line) != 1:
        raise AssertionError(f"copilot.transcript has no single line {line!r}")
    namespace: dict[str, Any] = {"__name__": "copilot.transcript.mutated"}
    exec(compile(source.replace(line, instead), "mutated transcript", "exec"), namespace)
    mutated: type[Transcript] = namespace["Transcript"]
    return mutated


_HASH = "if end.sha256 != hashlib.sha256(self.text.encode()).hexdigest():"
_FIRST_TIME = "attribute_not_exists(PK) OR #ttl < :now"
_ALWAYS = "attribute_not_exists(PK) OR attribute_exists(PK)"
_UNENDED = "epoch = :mine AND #state IN (:queued, :streaming) AND last_seq = :seq"

MUTATIONS: dict[str, Rules] = {
    "push before persist": Rules(pushes_first=True),
    "no fence": Rules(rewrite=_without_fence),
    "no epoch": Rules(rewrite=_without("epoch = epoch + :one", "epoch = :one")),
    "no epoch in frames": Rules(flat_epochs=True),
    "no watchdog": Rules(without_watchdog=True),
    "no hash check": Rules(transcript=_patched_transcript(_HASH, "if False:")),
    "no idempotency": Rules(rewrite=_without(_FIRST_TIME, _ALWAYS)),
    "acknowledged before the end": Rules(acknowledges_early=True),
    "an end overwrites an end": Rules(rewrite=_without(_UNENDED, "attribute_exists(PK)")),
}
"""Each breaks one rule; the model must find a schedule in which somebody is harmed."""
