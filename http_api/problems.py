"""Errors as problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from http_api.models.base import Problem

PROBLEM_JSON = "application/problem+json"


class ProblemError(Exception):
    """A request that cannot be served. ``detail`` says what to do; ``retry_after_ms`` when."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_ms = retry_after_ms


def not_found(code: str, detail: str) -> ProblemError:
    """What is missing or somebody else's; the two look alike on purpose."""
    return ProblemError(HTTPStatus.NOT_FOUND, code, detail)


def problem_response(error: ProblemError) -> Response[str]:
    """The error as a response."""
    problem = Problem(
        title=error.status.phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        retry_after_ms=error.retry_after_ms,
    )
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    body = problem.model_dump_json(exclude_none=True)
    return Response(error.status.value, PROBLEM_JSON, body, headers=headers)
