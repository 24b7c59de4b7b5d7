"""Who calls: one function from headers to a grant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from copilot.access.connections import CONNECTION_TTL_S
from copilot.access.tickets import CLIENT_ID, Grant
from copilot.identity import anonymous_identity
from http_api.models.base import ID_PATTERN
from http_api.problems import ProblemError
from http_api.sign_in.verifier import NotSignedIn, SignInUnavailable, Verifier

CLIENT_ID_HEADER = "x-client-id"
_CLIENT_ID = re.compile(ID_PATTERN)
_UNAVAILABLE_RETRY_MS = 5_000


def authenticate(headers: Mapping[str, str], verifier: Verifier | None, now: float) -> Grant:
    """Who calls and until when that holds, from headers that are looked up in lower case.

    With a ``verifier`` only its credential counts, sent as ``Authorization: Bearer``. Without one
    nobody signs in: the ``client_id`` that the page says ``hello`` with names the person, and is
    as secret as a session cookie.

    Raises:
        ProblemError: ``unauthenticated``, or ``sign_in_unavailable`` where nobody can be verified.
    """
    if verifier is None:
        return _anonymous(headers.get(CLIENT_ID_HEADER, ""), now)
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise _unauthenticated(
            "Send the header Authorization: Bearer, with your API key or ID token."
        )
    try:
        return verifier.verify(credential.strip())
    except NotSignedIn as error:
        raise _unauthenticated(str(error)) from error
    except SignInUnavailable as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "sign_in_unavailable",
            f"{error} Try again in a moment.",
            retry_after_ms=_UNAVAILABLE_RETRY_MS,
        ) from error


def _anonymous(client_id: str, now: float) -> Grant:
    if len(client_id) > 64 or not _CLIENT_ID.fullmatch(client_id):
        raise _unauthenticated(
            f"Send the header {CLIENT_ID_HEADER}: the client_id of your hello message, up to 64 "
            "letters, digits, underscores and hyphens."
        )
    return Grant(
        identity=anonymous_identity(client_id),
        expires_at=int(now) + CONNECTION_TTL_S,
        credential=CLIENT_ID,
    )


def _unauthenticated(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthenticated", detail)
