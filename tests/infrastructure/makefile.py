"""What the Makefile knows: its targets and the variables that they read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from tests.infrastructure.translate import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
_CALL = re.compile(r"(?<![\w/.-])make((?: +(?:[a-z][\w/.-]*|[A-Z_]+=(?:\"[^\"]*\"|[^\s`|)]*)))+)")


def targets() -> set[str]:
    """Every target that has a rule of its own."""
    rules = re.findall(r"^([a-z][\w/. -]*):(?!=)", MAKEFILE, re.M)
    return {target for rule in rules for target in rule.split()}


def exists(target: str) -> bool:
    """Whether a rule makes it, by name or by pattern."""
    patterns = re.findall(r"^([a-z-]+)%:", MAKEFILE, re.M)
    return target in targets() or any(target.startswith(pattern) for pattern in patterns)


def code(markdown: str) -> str:
    """What a Markdown text shows as code, in blocks or between backticks."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", markdown, re.M | re.S)
    prose = re.sub(r"^ *```.*?^ *```", "", markdown, flags=re.M | re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`]+)`", prose)])


def variables() -> set[str]:
    """Every variable that some rule reads or takes from the command line."""
    return set(re.findall(r"\$\(([A-Z_]+)[):]", MAKEFILE)) | set(
        re.findall(r"\$\((?:if|or|filter \w+,) ?\$?\(?([A-Z_]+)", MAKEFILE)
    )


@dataclass(frozen=True)
class Command:
    """One ``make ...``: its targets, and the variables that it sets."""

    targets: tuple[str, ...]
    given: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " ".join(["make", *self.targets, *(f"{name}={value}" for name, value in self.given)])


def commands(text: str) -> list[Command]:
    """Every ``make ...`` in a text."""
    found = []
    for words in _CALL.findall(text):
        called, given = [], []
        for word in re.findall(r"[A-Z_]+=(?:\"[^\"]*\"|\S*)|\S+", words):
            name, assigned, value = word.partition("=")
            if assigned:
                given.append((name, value.strip('"')))
            else:
                called.append(word.rstrip(".:,;"))
        found.append(Command(tuple(called), tuple(given)))
    return found


def calls(text: str) -> tuple[set[str], set[str]]:
    """The targets and the variables of every ``make ...`` in a text."""
    found = commands(text)
    called = {target for command in found for target in command.targets}
    return called, {name for command in found for name, _ in command.given}


def dry_run(targets: Iterable[str], given: Iterable[tuple[str, str]]) -> str:
    """What ``make`` would run.

    Raises:
        subprocess.CalledProcessError: it would not.
    """
    words = ["make", "--dry-run", *targets, *(f"{name}={value}" for name, value in given)]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout
