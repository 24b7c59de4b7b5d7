"""The stack as processes: what stops, what is left behind, what listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.options import ROOT
from tests.e2e.local_stack import LocalStack

pytestmark = pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="looks processes and sockets up in Linux's /proc"
)

LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
LISTEN = "0A"


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and theirs."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def listening_addresses(pids: set[int]) -> set[str]:
    """The local addresses, in the kernel's hexadecimal, on which these processes listen."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                addresses.add(fields[1].split(":")[0])
    return addresses


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing_behind(
    make_stack: Callable[..., LocalStack], number: signal.Signals
) -> None:
    stack = make_stack()
    started = descendants(stack.pid)
    assert len(started) >= 4
    assert listening_addresses(started | {stack.pid}) <= LOOPBACK
    assert stack.stop(number) == 0
    assert not [pid for pid in started if alive(pid)]
    assert not (stack.state_directory / "addresses.json").exists()


@pytest.mark.parametrize("after_s", [0.3, 0.9, 1.5])
def test_an_interrupted_start_leaves_nothing_behind(tmp_path: Path, after_s: float) -> None:
    command = [sys.executable, "-m", "local", "serve", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        time.sleep(after_s)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
    # Python itself answers a signal that comes before it has read the first line of ours.
    assert status in (0, -signal.SIGINT, 130)
    assert not [pid for pid in started if alive(pid)]


def test_even_a_kill_leaves_no_orphan_and_the_state_can_be_used_again(
    make_stack: Callable[..., LocalStack],
) -> None:
    stack = make_stack()
    started = descendants(stack.pid)
    stack.stop(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while (left := [pid for pid in started if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
    stack.start()


def test_a_function_that_cannot_start_stops_the_stack_with_its_reason(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    text = (ROOT / "template.yaml").read_text()
    text = text.replace("websocket_handler.app.handler", "websocket_handler.app.absent")
    template.write_text(text.replace("inference/Dockerfile", str(ROOT / "inference/Dockerfile")))
    stack = LocalStack(tmp_path / "state", arguments=["--template", str(template)])
    with pytest.raises(AssertionError, match="it has ended") as ended:
        stack.start()
    assert "Handler 'absent' missing on module 'websocket_handler.app'" in str(ended.value)


def test_a_missing_index_is_told_at_the_start(
    make_stack: Callable[..., LocalStack], tmp_path: Path
) -> None:
    stack = make_stack(arguments=["--index", str(tmp_path / "absent")])
    assert "python -m embed build" in stack.output.read_text()


def test_when_its_services_die_the_stack_says_so_and_ends(
    make_stack: Callable[..., LocalStack],
) -> None:
    stack = make_stack()
    [services] = [
        pid
        for pid in descendants(stack.pid)
        if b"ministack" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(services, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while alive(stack.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stack.stop() == 1
    assert "The process of the services has ended unexpectedly" in stack.output.read_text()
