"""Child processes that log to a file and never outlive their parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

MAX_LOG_BYTES = 8 * 1024 * 1024

# PR_SET_PDEATHSIG is 1. A parent that has died before the call sends nothing any more.
_ASK = """
import ctypes, os, sys
number, parent = int(sys.argv[1]), int(sys.argv[2])
ctypes.CDLL(None).prctl(1, number)
if os.getppid() != parent:
    sys.exit(1)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Child:
    """A running child process, the leader of its own process group.

    A group of its own keeps a terminal's Ctrl-C away from it, so that the parent decides the order
    in which things stop.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        last_wish: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start ``command`` with exactly ``environment``; both its outputs are appended to ``log``.

        ``last_wish`` is the signal that the kernel sends to it should this process die without
        stopping it (Linux only).
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_dying_with_its_parent(command, last_wish),
                env=dict(environment),
                cwd=directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait until it has ended; returns its exit status (negative: the signal that ended it)."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its whole group; nothing happens when it has gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def stop(self, grace_s: float) -> None:
        """Ask it to end, and kill it if it has not within ``grace_s`` seconds."""
        if self.running:
            self.send(signal.SIGTERM)
            self.send(signal.SIGCONT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace_s)
        self.send(signal.SIGKILL)
        await self._process.wait()

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, for an error message."""
        return tail(self.log, count)


def tail(log: Path, count: int = 12) -> str:
    """The last ``count`` lines of a log file; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-count:])


def rotate(log: Path) -> None:
    """Put a log aside that has grown beyond ``MAX_LOG_BYTES``; one older log is kept."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(log.suffix + ".1"))


def _dying_with_its_parent(command: Sequence[str], number: signal.Signals) -> list[str]:
    """The command behind a few lines that ask the kernel for ``number`` at the parent's death.

    A new interpreter does it (15 ms): code between fork and exec is not safe beside threads.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _ASK, str(int(number)), str(os.getpid()), *command]
