"""The facts of a machine that a figure depends on, and nothing that names it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from msgspec import Struct

LIBRARIES = ("onnxruntime", "tokenizers", "faiss-cpu", "numpy", "aiohttp", "boto3", "msgspec")
"""The libraries whose speed the figures show."""


class Machine(Struct, kw_only=True, frozen=True):
    """Hardware, system, Python, and versions of libraries by name."""

    cpu: str
    cores: int
    memory_gb: int
    system: str
    python: str
    libraries: dict[str, str]


def machine() -> Machine:
    """The facts of this machine and this Python."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries={name: metadata.version(name) for name in LIBRARIES},
    )


def _cpu() -> str:
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    facts: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts.get("model name") or f"{platform.machine()} {facts.get('CPU part', '')}".strip()
