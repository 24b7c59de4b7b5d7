"""Where a worker's CPU goes while it carries many streams: samples by py-spy, as a text.

``python -m benchmarks.streams.profile --streams 200 [--set AWS_CLIENT=boto3]`` needs py-spy on the
path (``pip install py-spy``). Own time only, of threads that do not wait, in microseconds of CPU
for a token: samples are counted by function, and shared out over what the process took.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.report.machine import machine
from benchmarks.report.rendering import machine_text
from benchmarks.streams import aws_server, model_server, stamps
from benchmarks.streams.batches import FIRST_TOKEN_S, QUESTION
from benchmarks.streams.core_shares import CoreShares
from benchmarks.streams.neighbours import Neighbour
from benchmarks.streams.workers import Worker, our_worker

_SAMPLES_A_SECOND = 100
_WAITS = (
    "_worker (concurrent/futures/thread.py",
    "EpollSelector.select (",
    "poll_wait_for_socket.<locals>.do_poll (",
    "SocketIO.readinto (",
)
"""Where threads wait, for work or for the network, which py-spy takes for being busy."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^()]+?)(?::\d+)?\)")


def record(worker: Worker, seconds: int) -> Counter[str]:
    """Samples of the worker's innermost frames."""
    with tempfile.TemporaryDirectory() as directory:
        found = Path(directory) / "stacks.txt"
        command = ["py-spy", "record", "--pid", str(worker.pid), "--duration", str(seconds)]
        # Not blocking: stopping a process of seventy threads for every sample would be most of it.
        command += ["--rate", str(_SAMPLES_A_SECOND), "--nonblocking", "--format", "raw"]
        subprocess.run([*command, "--output", str(found)], check=True, capture_output=True)
        return innermost(found.read_text())


def innermost(stacks: str) -> Counter[str]:
    """Samples by the innermost function, of stacks in py-spy's raw format."""
    counts: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frame = stack.rpartition(";")[2]
        if frame.startswith(_WAITS):
            continue
        match = _FRAME.fullmatch(frame)
        counts[f"{_room(match['file'])} {match['function']}" if match else frame] += int(count)
    return counts


def _room(file: str) -> str:
    """A file as a person names it: from the package on, without the directories before it."""
    return re.sub(r"^.*(?:site-packages|python3\.\d+|\.\.)/", "", file)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second and stream")
    parser.add_argument("--after", type=int, default=12, help="seconds until all streams speak")
    parser.add_argument("--seconds", type=int, default=10, help="for how long samples are taken")
    parser.add_argument("--top", type=int, default=30, help="how many functions to print")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        print("There is no py-spy on the path: pip install py-spy", file=sys.stderr)
        return 2
    tokens = int(options.rate * (options.after + options.seconds + 2))
    settings = dict(setting.split("=", 1) for setting in options.settings)
    with (
        Neighbour(aws_server.serve, 0.0) as aws,
        Neighbour(model_server.serve, tokens, options.rate, FIRST_TOKEN_S) as model,
        our_worker(aws.urls, model.urls, **settings) as worker,
        CoreShares({"worker": worker.pid, "AWS": aws.pid, "model": model.pid}) as shares,
    ):
        worker.answer(aws.ask("ask", [QUESTION]))
        ids = aws.ask("ask", [QUESTION] * options.streams)
        answering = threading.Thread(target=worker.answer, args=(ids,), daemon=True)
        answering.start()
        time.sleep(options.after)
        began = stamps.now()
        samples = record(worker, options.seconds)
        share = shares.between(began, stamps.now())
        answering.join()
    _print(options, samples, share)
    return 0


def _print(options: argparse.Namespace, samples: Counter[str], share: dict[str, float]) -> None:
    given = [f"--streams {options.streams}", *(f"--set {one}" for one in options.settings)]
    print(f"python -m benchmarks.streams.profile {' '.join(given)}")
    print(machine_text(machine()))
    tokens = options.streams * options.rate
    cost = share["worker"] / tokens * 1e6
    taken = ", ".join(f"{name} {used:.0%}" for name, used in share.items())
    print(f"{tokens:,.0f} tokens a second arrive. Of one core: {taken}.")
    print(f"Worker: {cost:.1f} us of CPU for a token that arrives.\n")
    total = sum(samples.values())
    print("us a token   own  function")
    for name, count in samples.most_common(options.top):
        print(f"{count / total * cost:>10.2f} {count / total:>5.1%}  {name}")
    rest = total - sum(count for _, count in samples.most_common(options.top))
    print(f"{rest / total * cost:>10.2f} {rest / total:>5.1%}  everything else")


if __name__ == "__main__":
    sys.exit(main())
