"""Resident memory of a process and of all that it started, from /proc (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.report import Skipped

_PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> dict[int, str]:
    """The command line of ``pid`` and of every process below it, by process id.

    Raises:
        Skipped: this system has no /proc.
    """
    if not Path("/proc/self/stat").exists():
        raise Skipped("memory of processes is read from /proc, which only Linux has")
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            parents[int(entry.name)] = parent
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {one: line for one in found if (line := _command(one))}


def resident_mb(pid: int) -> float:
    """Resident memory in MB (10^6 bytes); 0 where the process has gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0


def anonymous_mb(pid: int) -> float:
    """Its own memory in MB (10^6 bytes), without the pages of files that it has mapped."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024 / 1e6


def machine_seconds() -> tuple[float, float]:
    """Seconds that the machine's cores have worked, and all there were, since it started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    ticks = [int(field) for field in fields]
    idle = ticks[3] + ticks[4]
    per_second = os.sysconf("SC_CLK_TCK")
    return (sum(ticks) - idle) / per_second, sum(ticks) / per_second


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""
