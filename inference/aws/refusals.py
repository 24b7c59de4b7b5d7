"""What a refusal of the management API means for the publisher. Pure."""

from __future__ import annotations

from inference.ports import ConnectionGone, PushRefused, Throttled

_SLOW_DOWN = frozenset({"LimitExceededException", "TooManyRequestsException", "429"})


def refusal(status: int, code: str) -> Exception:
    """The port's exception for an HTTP status and an error type, which may be empty."""
    if status == 410 or code == "GoneException":
        return ConnectionGone(code)
    if status == 429 or status >= 500 or code in _SLOW_DOWN:
        return Throttled(f"{status} {code}")
    return PushRefused(
        f"the management API refused the push with {status} {code}: "
        "check WEBSOCKET_ENDPOINT and the permission execute-api:ManageConnections"
    )
