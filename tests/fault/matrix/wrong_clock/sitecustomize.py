"""Imported by every worker of a stack before anything else: its clock is wrong, its disk is full.

``time.time`` is off by up to twenty seconds, another one for every process, and no byte can be
written to a regular file, as on a disk without space.
"""

import os
import random
import resource
import time

SKEWS_S = (-20.0, -6.0, 0.0, 6.0, 20.0)

_right = time.time
_skew_s = random.Random(os.getpid()).choice(SKEWS_S)
time.time = lambda: _right() + _skew_s

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
