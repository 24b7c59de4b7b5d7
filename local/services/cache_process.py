"""The Qdrant of the local stack: one child process that every worker shares."""

from __future__ import annotations

import sys
from pathlib import Path

import aiohttp

from local.processes.children import Child
from local.processes.readiness import until_ready

START_TIMEOUT_S = 20.0
STOP_GRACE_S = 5.0


async def start_cache(
    session: aiohttp.ClientSession, state: Path, logs: Path, code: Path, port: int, path: str
) -> Child:
    """Start it and wait until it answers at ``http://127.0.0.1:{port}``.

    Raises:
        NotReady: it ended, or did not answer in time.
    """
    child = await Child.start(
        "qdrant",
        [
            *(sys.executable, "-m", "local.qdrant"),
            *("--port", str(port)),
            *("--path", str(state / "qdrant")),
        ],
        environment={"PATH": path, "PYTHONPATH": str(code)},
        directory=code,
        log=logs / "qdrant.log",
    )
    await until_ready(child, session, f"http://127.0.0.1:{port}/readyz", START_TIMEOUT_S)
    return child
