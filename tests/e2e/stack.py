"""A whole local stack as a process of its own, as a person starts it, with its control endpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
PASSED_ON = {"PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV"}


class StackProcess:
    """``python -m local serve`` on free ports. Use as a context manager.

    ``environment`` is all that the shell holds besides ``PATH`` and the like; ``options`` are
    further command-line options.
    """

    def __init__(self, state: Path, environment: dict[str, str], *options: str) -> None:
        self.state = state
        self._environment = environment
        self._options = options
        self.output = ""
        self.url = self.websocket_url = self.control_url = ""

    def __enter__(self) -> StackProcess:
        self.state.mkdir(parents=True, exist_ok=True)
        shell = {k: v for k, v in os.environ.items() if k in PASSED_ON}
        command = [sys.executable, "-m", "local", "serve", "--port", "0", "--faults"]
        command += ["--state", str(self.state), *self._options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=shell | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            rest, _ = self.process.communicate(timeout=30)
            self.output += rest
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            raise
        return self.process.returncode

    def leftovers(self) -> list[int]:
        """Processes of its session that still live after it has stopped."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "-s", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(pid) for pid in found.stdout.split()]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control endpoint: faults, workers, connections."""
        request = urllib.request.Request(
            self.control_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        deadline = time.monotonic() + 60
        for line in self.process.stdout:
            self.output += line
            if "is ready" in line:
                break
            if time.monotonic() > deadline:
                break
        if "is ready" not in self.output:
            raise AssertionError(f"the stack did not start:\n{self.output}")
        addresses = json.loads((self.state / "addresses.json").read_text())
        self.url = addresses["url"]
        self.websocket_url = addresses["websocket"]
        self.control_url = addresses["control"]
