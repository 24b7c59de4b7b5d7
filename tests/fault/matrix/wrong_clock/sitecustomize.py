"""Imported by every worker of a stack before anything else: its clock is wrong, its disk is full.

``time.time`` is off by up to twenty seconds, another one for every process, and no byte can be
written to a regular file, as on a disk without space. What it logs goes through a pipe, as in
Lambda, to a process that has space.
"""

import os
import random
import resource
import subprocess
import time
from pathlib import Path

SKEWS_S = (-20.0, -6.0, 0.0, 6.0, 20.0)

_right = time.time
_skew_s = random.Random(os.getpid()).choice(SKEWS_S)
time.time = lambda: _right() + _skew_s

_log = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
assert _log.stdin is not None
for _output in (1, 2):
    os.dup2(_log.stdin.fileno(), _output)
_log.stdin.close()

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
_probe = Path(f"/tmp/full-{os.getpid()}")
try:
    with _probe.open("wb", buffering=0) as _file:
        _file.write(b"x")
except OSError:
    os.write(1, b"no byte can be written to the disk\n")
_probe.unlink()
