"""Worker processes under measurement, ours and the plain design's, among their neighbours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from benchmarks import plain_environment
from benchmarks.streams.aws_server import TABLE

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "faiss_index"
_MEASURED = "measured: "
"""What the lines begin with that are meant for whoever measures."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch took: seconds of CPU and of time, memory in MB, questions that come back."""

    cpu_s: float
    wall_s: float
    grown_mb: float
    failures: int


class Worker:
    """A process that answers batches. Use as a context manager; it is warm when it begins."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **self._environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        warm = json.loads(self._line())
        if not warm.get("warm"):
            raise RuntimeError(f"the worker cannot serve: {warm}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            with self._process:
                self._process.kill()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def answer(self, batch: Sequence[str]) -> Usage:
        """Answer a batch: ids of answers, for the plain worker questions."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(batch) + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=Usage)

    def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_MEASURED):
                return line.removeprefix(_MEASURED)
        raise RuntimeError("the worker has ended; its messages are above")


def our_worker(aws: str, model: str, **settings: str) -> Worker:
    """Our function's worker; ``settings`` are further variables of its environment."""
    environment = {
        **_environment(aws, model),
        "QUEUE_URL": f"{aws}/000000000000/questions",
        "LOG_LEVEL": "WARNING",
        "STACK_NAME": "bench",
        **settings,
    }
    return Worker([sys.executable, "-m", "benchmarks.streams.worker"], environment)


def plain_worker(aws: str, model: str) -> Worker:
    """The plain design's worker, on the chunks of the shipped index.

    Raises:
        Skipped: its environment is not installed.
    """
    python = str(plain_environment.python())
    index = str(plain_environment.plain_index(INDEX))
    environment = {**_environment(aws, model), "INDEX_DIR": index, "PYTHONPATH": str(ROOT)}
    return Worker([python, "-m", "benchmarks.streams.plain_worker"], environment)


def _environment(aws: str, model: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "scripted",
        "AWS_SECRET_ACCESS_KEY": "scripted",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws,
        "TABLE_NAME": TABLE,
        "WEBSOCKET_ENDPOINT": f"{aws}/dev",
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": model,
    }
