"""What share of a core each process takes, moment by moment, from /proc (Linux)."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from benchmarks.streams import stamps

_EVERY_S = 0.25
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class CoreShares:
    """Watches processes, ``pids`` by name, from a thread. Use as a context manager."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._samples: list[tuple[float, dict[str, float]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CoreShares:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def between(self, began_ms: float, ended_ms: float) -> dict[str, float]:
        """The share of one core, 1 for all of it, that each took between two moments of
        ``stamps.now``; 0 where these lie too close together to tell."""
        within = [sample for sample in self._samples if began_ms <= sample[0] <= ended_ms]
        if len(within) < 2:
            return dict.fromkeys(self._pids, 0.0)
        (first, before), (last, after) = within[0], within[-1]
        return {name: (after[name] - before[name]) / (last - first) * 1000 for name in self._pids}

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            used = {name: _cpu_s(pid) for name, pid in self._pids.items()}
            self._samples.append((stamps.now(), used))


def _cpu_s(pid: int) -> float:
    """Seconds of CPU, user's and system's, that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
