"""One worker process, started as Lambda starts it, given batches of questions on stdin.

``python -m benchmarks.streams.worker`` first says that it is warm. Then it takes a JSON list of
answer ids a line, answers them as the handler does, and says what that took, a JSON object a line.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from copilot.question_queue.messages import AnswerQuestion, encode_message
from inference import app, start  # noqa: F401  (start builds the process, as Lambda has it do)
from inference.bootstrap import Process

_INVOCATION_S = 300.0


def main() -> None:
    """Serve until stdin ends."""
    process = app.process()
    _say(app.warm_up(process))
    with app.runner() as runner:
        for line in sys.stdin:
            gc.collect()
            before, cpu, wall = resident_mb(), time.process_time(), time.monotonic()
            peak, failures = runner.run(_answer(process, json.loads(line)))
            _say(
                {
                    "cpu_s": time.process_time() - cpu,
                    "wall_s": time.monotonic() - wall,
                    "grown_mb": peak - before,
                    "failures": failures,
                }
            )


async def _answer(process: Process, ids: list[str]) -> tuple[float, int]:
    """Peak memory in MB and the number of questions that would come back."""
    records = [
        {
            "messageId": answer_id,
            "receiptHandle": answer_id,
            "body": encode_message(AnswerQuestion(answer_id=answer_id)),
        }
        for answer_id in ids
    ]
    peaks = [resident_mb()]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.25)
            peaks.append(resident_mb())

    watcher = asyncio.ensure_future(watch())
    try:
        failures = await app.answer_batch(process, records, _INVOCATION_S)
    finally:
        watcher.cancel()
    return max(peaks), len(failures)


def resident_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _say(said: dict[str, Any]) -> None:
    # Between the lines that the function itself logs.
    print(f"measured: {json.dumps(said)}", flush=True)


if __name__ == "__main__":
    main()
