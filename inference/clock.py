"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implements ``ports.Clock`` with the operating system's clocks."""

    def time(self) -> float:
        """Wall clock, seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Monotonic seconds for measuring."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
