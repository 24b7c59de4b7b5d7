"""``python -m local.qdrant``: serve the embedded engine on loopback until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from local.qdrant.server import application


async def serve(path: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints the URL once it listens."""
    runner = web.AppRunner(application(path), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    print(f"http://{host}:{runner.addresses[0][1]}", flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.qdrant", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="where collections are kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=6333, help="port to listen on; 0: a free one")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.path, options.host, options.port))
    except OSError as error:
        print(f"Cannot serve on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
