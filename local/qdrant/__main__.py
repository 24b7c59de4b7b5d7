"""``python -m local.qdrant``: serves collections kept in a directory until it is told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

from aiohttp import web

from local.qdrant.collections import Collections
from local.qdrant.server import make_app


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.qdrant", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=6333, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--path", type=Path, default=Path(".local/qdrant"), help="where it is kept (%(default)s)"
    )
    arguments = parser.parse_args()
    collections = Collections(arguments.path)
    try:
        web.run_app(
            make_app(collections),
            host=arguments.host,
            port=arguments.port,
            access_log=None,
            print=None,
        )
    finally:
        collections.close()


if __name__ == "__main__":
    main()
