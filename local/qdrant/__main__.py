"""``python -m local.qdrant``: serves collections kept in a directory until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from local.qdrant.collections import Collections
from local.qdrant.server import make_app


async def serve(path: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints the URL once it listens.

    Raises:
        OSError: it cannot listen there.
    """
    collections = Collections(path)
    runner = web.AppRunner(make_app(collections), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        print(f"http://{host}:{runner.addresses[0][1]}", flush=True)
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
    finally:
        await runner.cleanup()
        collections.close()


def main() -> int:
    """Parse the command line and serve; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.qdrant", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=6333, help="port to listen on, 0: a free one (%(default)s)"
    )
    parser.add_argument("--path", type=Path, required=True, help="where collections are kept")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.path, arguments.host, arguments.port))
    except OSError as error:
        address = f"{arguments.host}:{arguments.port}"
        print(f"Cannot serve on {address}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
