"""A local stack as a process of its own, the way a person starts it, with its control endpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from local.functions.function_environment import CREDENTIALS
from local.options import ROOT
from local.processes.children import tail

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 30.0


class LocalStack:
    """``python -m local serve`` on free ports. Use as a context manager; ``start`` after ``stop``
    starts it again on the same state."""

    def __init__(
        self,
        state: Path,
        *,
        shell: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        faults: bool = True,
        own_session: bool = False,
    ) -> None:
        """``faults=False`` measures the stack as people run it, without a control endpoint;
        ``own_session`` keeps the terminal's Ctrl-C from it."""
        self._own_session = own_session
        self.state_directory = state
        self.output = state.with_name(f"{state.name}.out")
        self._command = [
            *(sys.executable, "-m", "local", "serve", "--port", "0"),
            *(["--faults"] if faults else []),
            *("--state", str(state)),
            *(f"--parameter={n}={v}" for n, v in (parameters or {}).items()),
            *arguments,
        ]
        self._environment = {"PATH": os.environ["PATH"], **(shell or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._addresses: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """Where the page is."""
        return str(self._addresses["url"])

    @property
    def websocket_url(self) -> str:
        return str(self._addresses["websocket"])

    @property
    def services(self) -> dict[str, str]:
        """The environment that leads AWS clients to its services."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self._addresses["services"]}

    def bucket(self, logical_id: str) -> str:
        """The name of a bucket of the template."""
        return str(self._addresses["buckets"][logical_id])

    @property
    def pid(self) -> int:
        """The process that a person would press Ctrl-C in."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> LocalStack:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        published = self.state_directory / "addresses.json"
        published.unlink(missing_ok=True)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=self._own_session,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not published.exists():
            assert self._process.poll() is None, f"it has ended:\n{tail(self.output, 40)}"
            assert time.monotonic() < deadline, f"it is not ready:\n{tail(self.output, 40)}"
            time.sleep(0.05)
        self._addresses = json.loads(published.read_text())

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does, or by another signal; returns its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(STOP_TIMEOUT_S)

    def state(self) -> dict[str, Any]:
        """Its connections, posts and workers."""
        state: dict[str, Any] = self._control("GET", "/state")
        return state

    def fault(self, kind: str, **rule: Any) -> int:
        """Put a fault in force; see ``local.faults.Rule``. Returns its id."""
        return int(self._control("POST", "/faults", {"kind": kind, **rule})["id"])

    def lift(self, rule_id: int) -> None:
        """Let one fault strike no more."""
        self._control("DELETE", f"/faults/{rule_id}")

    def clear_faults(self) -> None:
        """Let everything pass again."""
        self._control("DELETE", "/faults")

    def reset_connections(self) -> int:
        """Abort every socket at the TCP level; returns how many there were."""
        return int(self._control("POST", "/connections/all/reset")["reset"])

    def signal_workers(self, function: str, verb: str, working_on: str = "") -> list[int]:
        """``kill``, ``pause`` or ``continue`` the busy workers of a function, or only those whose
        event holds a text."""
        query = urllib.parse.urlencode({"working_on": working_on})
        path = f"/functions/{function}/{verb}?{query}"
        numbers: list[int] = self._control("POST", path)["workers"]
        return numbers

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._addresses["control"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None
