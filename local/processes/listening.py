"""Ports: claimed early, so that one in use is told before anything is started."""

from __future__ import annotations

import errno
import socket

from aiohttp import web


class PortInUse(Exception):
    """Somebody else listens there; the message says what to do."""


def claim(host: str, port: int) -> socket.socket:
    """Bind and listen on a port; 0 takes any free one.

    Raises:
        PortInUse: it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    claimed = socket.socket(family, socket.SOCK_STREAM)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((host, port))
    except OSError as error:
        claimed.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(
            f"Port {port} is in use by another program. Choose another: make run PORT={port + 1}"
        ) from error
    claimed.listen(1024)
    claimed.setblocking(False)
    return claimed


def port_of(claimed: socket.socket) -> int:
    """The port of a claimed socket."""
    return int(claimed.getsockname()[1])


def free_port(preferred: int | None = None) -> int:
    """A free loopback port for a child process; ``preferred`` where that is free."""
    for port in (preferred or 0, 0):
        try:
            claimed = claim("127.0.0.1", port)
        except PortInUse:
            continue
        with claimed:
            return port_of(claimed)
    raise PortInUse("There is no free port on this machine.")


async def serve(app: web.Application, claimed: socket.socket) -> web.AppRunner:
    """Serve an application on a claimed socket until the runner is cleaned up."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    await web.SockSite(runner, claimed).start()
    return runner
