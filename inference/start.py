"""What Lambda loads: the function, in a process that gets ready while Lambda still prepares it.

The order is the point. The engine begins to load before anything else is imported (its own
libraries first, alone); then botocore is imported, which the index in a bucket waits for; and the
AWS clients are made before the first event is asked for. Settings that are missing or wrong are
left for the invocations to tell of. Nothing that is made here becomes garbage, so nothing is looked
for until all is made, and what was made is never looked through again: a tenth of the time.
"""

from __future__ import annotations

import gc
import os
import threading
from contextlib import suppress

from copilot.configuration import SettingsError
from inference.clock import SystemClock
from inference.loading import begin
from inference.settings import Settings

gc.disable()

_clients = threading.Event()
with suppress(SettingsError):
    begin(Settings.of(os.environ), SystemClock(), _clients).wait()

import copilot.aws_clients  # noqa: E402, F401

_clients.set()

from inference.app import handler, process  # noqa: E402

with suppress(SettingsError):
    process()

gc.freeze()
gc.enable()

__all__ = ["handler"]
