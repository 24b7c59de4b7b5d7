"""The scripted neighbours as child processes: started, asked for what they saw, stopped."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

Service = Callable[..., Any]
"""``async (commands, *arguments)``: serves until the pipe says stop; sends its URLs first."""


class Neighbour:
    """One neighbour in a process of its own. Use as a context manager."""

    def __init__(self, service: Service, *arguments: Any) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_run, args=(service, theirs, arguments), daemon=True
        )
        self.urls: Any = None

    @property
    def pid(self) -> int:
        """Its process, once it has started."""
        assert self._process.pid is not None
        return self._process.pid

    def __enter__(self) -> Neighbour:
        self._process.start()
        self.urls = self._receive(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join(5)

    def ask(self, command: str, *arguments: Any) -> Any:
        """Have the neighbour carry out a command and return what it says."""
        self._ours.send((command, arguments))
        return self._receive(60)

    def _receive(self, seconds: float) -> Any:
        if not self._ours.poll(seconds):
            raise TimeoutError("a scripted neighbour did not answer")
        return self._ours.recv()


def _run(service: Service, pipe: Connection, arguments: tuple[Any, ...]) -> None:
    asyncio.run(service(pipe, *arguments))


async def serve_commands(pipe: Connection, commands: dict[str, Callable[..., Any]]) -> None:
    """Answer commands for as long as the process lives."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(pipe.fileno(), readable.set)
    while True:
        await readable.wait()
        readable.clear()
        while pipe.poll():
            command, arguments = pipe.recv()
            pipe.send(commands[command](*arguments))
