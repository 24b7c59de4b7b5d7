"""Who calls: one function from headers to an identity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from copilot.identity import Identity, anonymous_identity
from http_api.models import ID_PATTERN
from http_api.problems import ProblemError

CLIENT_ID_HEADER = "x-client-id"
_CLIENT_ID = re.compile(ID_PATTERN)


def authenticate(headers: Mapping[str, str], auth_mode: str) -> Identity:
    """The caller, from headers that are looked up in lower case.

    Where nobody signs in (``none``), the ``client_id`` that the page says ``hello`` with names the
    person, and is as secret as a session cookie. Any other mode lets nobody in by it.

    Raises:
        ProblemError: ``unauthenticated``.
    """
    if auth_mode != "none":
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            "Send the header Authorization: Bearer, with your API key or ID token.",
        )
    client_id = headers.get(CLIENT_ID_HEADER, "")
    if len(client_id) > 64 or not _CLIENT_ID.fullmatch(client_id):
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            f"Send the header {CLIENT_ID_HEADER}: the client_id of your hello message, up to 64 "
            "letters, digits, underscores and hyphens.",
        )
    return anonymous_identity(client_id)
