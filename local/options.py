"""What a local stack is started with; the command line and the tests both make one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.edges.gateway import Limits

ROOT = Path(__file__).resolve().parent.parent
"""The repository: the working directory of every function, as the task root is in Lambda."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A port of 0 means any free one."""

    port: int = 3000
    host: str = "127.0.0.1"
    state: Path = Path(".local")
    workers: int = 4
    log_level: str = "INFO"
    template: Path = ROOT / "template.yaml"
    index: Path | None = None
    model: Path | None = None
    page: Path = ROOT / "chat-ui" / "dist"
    code: Path = ROOT
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of the template's parameters."""
    faults: bool = False
    fault_seed: int = 0
    limits: Limits = field(default_factory=Limits)
