"""Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html. Pure."""

from __future__ import annotations

import re

from http_api.services import ResumePoint

EVENT_STREAM = "text/event-stream"
_EVENT_ID = re.compile(r"(\d{1,9})\.(\d{1,9})")


def wants_events(accept: str) -> bool:
    """Whether an ``Accept`` header asks for an event stream."""
    kinds = (part.split(";")[0].strip().lower() for part in accept.split(","))
    return EVENT_STREAM in kinds


def resume_point(last_event_id: str) -> ResumePoint:
    """What ``Last-Event-ID`` says that the client has; the beginning where it says nothing."""
    match = _EVENT_ID.fullmatch(last_event_id.strip())
    return ResumePoint(int(match[1]), int(match[2])) if match else ResumePoint()


def encode(event: str, data: str, event_id: str | None = None) -> str:
    """One event. ``data`` is JSON on one line."""
    head = f"event: {event}\n" + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {data}\n\n"
