"""The state directory: one stack at a time, its logs, its children's ports, its addresses."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from local.processes.children import rotate


class AlreadyRunning(Exception):
    """Another stack uses this state directory; the message says which."""


class State:
    """A locked state directory."""

    def __init__(self, directory: Path) -> None:
        """Create it where needed and lock it.

        Raises:
            AlreadyRunning: another process holds it.
        """
        self.directory = directory.resolve()
        self.logs = self.directory / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        for log in self.logs.glob("*.log"):
            rotate(log)
        self._lock = _lock(self.directory / "lock")
        self._published = self.directory / "addresses.json"
        # One that was killed could not take its addresses back.
        self._published.unlink(missing_ok=True)

    def recall_port(self, name: str) -> int | None:
        """The port that a child used last time; queue addresses contain it."""
        port = self._ports().get(name)
        return port if isinstance(port, int) else None

    def keep_port(self, name: str, port: int) -> None:
        """Remember it for the next start."""
        self._write("ports.json", {**self._ports(), name: port})

    def publish(self, addresses: Mapping[str, Any]) -> None:
        """Tell tools and tests where everything is served."""
        self._write(self._published.name, addresses)

    def release(self) -> None:
        """Let the next stack in."""
        self._published.unlink(missing_ok=True)
        self._lock.close()

    def _ports(self) -> dict[str, object]:
        file = self.directory / "ports.json"
        ports: dict[str, object] = json.loads(file.read_text()) if file.is_file() else {}
        return ports

    def _write(self, name: str, content: object) -> None:
        draft = self.directory / f"{name}.draft"
        draft.write_text(json.dumps(content, indent=1) + "\n")
        draft.replace(self.directory / name)


def _lock(path: Path) -> IO[str]:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise AlreadyRunning(
            f"A local stack already runs on {path.parent} (process {holder}). "
            "Stop it, or give this one a directory of its own with --state."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
