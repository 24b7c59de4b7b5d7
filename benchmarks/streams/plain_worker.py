"""The plain function as a process like ``benchmarks.streams.worker``; runs in ``.venv-plain``.

Takes a JSON list of questions a line and answers them as its handler does, one after another, on
the connections that ``aws_server`` gives them.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.plain import inference_app


def main() -> None:
    """Serve until stdin ends."""
    inference_app.store()
    inference_app.embeddings().embed_query("What is a power purchase agreement?")
    print(f"measured: {json.dumps({'warm': True})}", flush=True)
    for line in sys.stdin:
        bodies = [
            json.dumps({"connection_id": f"connection{number}", "question": question})
            for number, question in enumerate(json.loads(line))
        ]
        inference_app.THRESHOLD = 1.1  # Asked afresh: the cache answers none.
        cpu, wall = time.process_time(), time.monotonic()
        inference_app.handler({"Records": [{"body": body} for body in bodies]}, None)
        used = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}
        said = json.dumps({**used, "grown_mb": 0.0, "failures": 0})
        print(f"measured: {said}", flush=True)


if __name__ == "__main__":
    main()
