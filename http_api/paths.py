"""Document ids within paths. Pure.

API Gateway hands paths over decoded, so that the slashes of a document's id look like any other.
The id is encoded again before routes are matched, and decoded by them.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_DOCUMENT = re.compile(r"(/documents/)(.+?)((?:/chunks(?:/[^/]+)?)?)", re.DOTALL)


def routable(path: str) -> str:
    """``path`` with a document's id as one segment."""
    match = _DOCUMENT.fullmatch(path)
    if match is None:
        return path
    head, document, tail = match.groups()
    return head + quote(unquote(document), safe="") + tail


def decoded(segment: str) -> str:
    """A segment of a routable path as it was meant."""
    return unquote(segment)
