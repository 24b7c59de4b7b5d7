"""X-Ray's trace header: ``Root=1-5759e988-bd862e3fe1be46a994272793;Parent=...;Sampled=1``.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import os
from typing import Final

SQS_ATTRIBUTE: Final = "AWSTraceHeader"
"""The message system attribute in which SQS carries the header."""


def trace_header() -> str:
    """The header of this invocation, which the runtime client keeps here; empty outside Lambda."""
    return os.environ.get("_X_AMZN_TRACE_ID", "")


def trace_id(header: str) -> str | None:
    """The trace that ``header`` belongs to; ``None`` where it names none."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    return parts.get("Root") or None


def invocation_trace() -> str | None:
    """The trace of this invocation."""
    return trace_id(trace_header())
