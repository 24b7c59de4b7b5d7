"""Structured logs: one JSON object per line, with whatever ``extra`` holds.

Texts of questions and answers never go into a log line.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from copilot.telemetry.tracing import invocation_trace

_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One record as one line of JSON.

    ``timestamp`` and ``level`` have the form by which Lambda filters lines; ``xray_trace_id``
    names the invocation's trace. What is ``None`` is left out.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        line |= _about.get()
        extra = vars(record).items()
        line |= {k: v for k, v in extra if v is not None and k not in _OF_EVERY_RECORD}
        if trace := invocation_trace():
            line["xray_trace_id"] = trace
        if record.exc_info and record.exc_info[0]:
            line["exception_name"] = record.exc_info[0].__name__
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, separators=(",", ":"))


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Put ``fields`` into every line that is logged within, also in tasks begun there.

    What is ``None`` is left out.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    token = _about.set({**_about.get(), **given})
    try:
        yield
    finally:
        _about.reset(token)


def configure_logging(level: str) -> None:
    """Send all logging through one JSON handler, in place of what the runtime installed.

    ``level`` is one of ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR``. Standard output, since that is
    where CloudWatch is promised to find metrics.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They tell at every cold start of the credentials and the build of the library that they found.
    for library in ("botocore", "faiss"):
        logging.getLogger(library).setLevel(logging.WARNING)
