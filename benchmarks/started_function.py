"""A function started as Lambda starts it: its runtime client in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def compile_bytecode(python: Path | str) -> None:
    """Compile the rooms for ``python``, as the image and the ZIP carry them."""
    rooms = ("copilot", "inference", "websocket_handler", "benchmarks/plain")
    command = [str(python), "-m", "compileall", "-q", *rooms]
    subprocess.run(command, cwd=ROOT, check=True)


@contextmanager
def started(python: Path | str, handler: str, environment: Mapping[str, str]) -> Iterator[int]:
    """Run ``handler`` (``module.function``) under ``awslambdaric``; yields the process id. What it
    logs to standard output is dropped.

    ``environment`` comes on top of what Lambda sets; ``AWS_LAMBDA_RUNTIME_API`` must be in it.
    """
    process = subprocess.Popen(
        [str(python), "-m", "awslambdaric", handler],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": str(ROOT),
            "LAMBDA_TASK_ROOT": str(ROOT),
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
            **environment,
        },
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
