"""What goes wrong with a request and is told to whoever made it. Pure."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be served; ``code`` and ``message`` are for people."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
