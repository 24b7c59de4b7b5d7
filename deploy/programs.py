"""Other people's programs: SAM, Docker, make. Their output goes to the terminal as it comes."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.problems import Stopped

ROOT = Path(__file__).resolve().parent.parent
"""The repository, where every program is run."""


class Programs(Protocol):
    """Runs programs in the repository."""

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run to the end, its output on the terminal.

        Raises:
            Stopped: it is missing or has failed.
        """

    def ask(self, command: Sequence[str]) -> str | None:
        """What a quiet program prints, without the last line break; ``None`` if it has failed."""


class Shell:
    """The machine's own programs. ``environment`` is that of whoever started the command."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """See ``Programs.run``."""
        try:
            ended = subprocess.run(  # noqa: S603 - the commands of this room, no shell
                command,
                cwd=ROOT,
                env={**self._environment, **(environment or {})},
                check=False,
            )
        except FileNotFoundError as error:
            raise Stopped(f"{command[0]} is not there to be run; install it first.") from error
        if ended.returncode != 0:
            raise Stopped(
                f"This has failed with status {ended.returncode}, see above: {shlex.join(command)}"
            )

    def ask(self, command: Sequence[str]) -> str | None:
        """See ``Programs.ask``."""
        if shutil.which(command[0], path=self._environment.get("PATH")) is None:
            return None
        ended = subprocess.run(  # noqa: S603 - the same
            command,
            cwd=ROOT,
            env=self._environment,
            check=False,
            text=True,
            capture_output=True,
        )
        return ended.stdout.strip() if ended.returncode == 0 else None
