"""The lines of the threat model: what ``docs/security.md`` says holds each threat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THREAT_MODEL = ROOT / "docs" / "security.md"
_NAMED = re.compile(r"`([\w/.-]+::[^`]+)`")


@dataclass(frozen=True)
class Threat:
    """One line; ``tests`` as in ``tests/unit/test_x.py::test_y``."""

    section: str
    name: str
    tests: tuple[str, ...]


def threats(text: str) -> list[Threat]:
    """The lines of every table of the threat model, in their order."""
    found, section = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        named = tuple(_NAMED.findall(line))
        if line.startswith("|") and named:
            found.append(Threat(section, line.split("|")[1].strip(), named))
    return found


def is_python(test: str) -> bool:
    """Whether pytest runs it; the page's own tests are Vitest's."""
    return test.partition("::")[0].endswith(".py")
