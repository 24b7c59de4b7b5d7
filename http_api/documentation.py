"""What the routes say of their responses in the OpenAPI document."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from http_api.models.base import Model, Problem
from http_api.problems import PROBLEM_JSON

_WHY = {
    401: "Who calls is not known.",
    404: "It does not exist, or it is somebody else's.",
    409: "It conflicts with what is stored.",
    410: "The time for this has passed.",
    415: "The body is not application/json.",
    422: "The request is malformed; `detail` says where.",
    429: "Too many questions; `retry_after_ms` says when to come back.",
    503: "What this needs cannot be reached now; `detail` says what.",
    500: "Something failed on the server; send it again.",
}


def answers(
    model: type[Model],
    *problems: int,
    status: HTTPStatus = HTTPStatus.OK,
    description: str = "Served.",
    public: bool = False,
) -> dict[int, Any]:
    """The responses of a route: ``model`` on success, and the problems it may give."""
    return {
        status.value: {
            "description": description,
            "content": {"application/json": {"model": model}},
        },
        **failures(*problems, public=public),
    }


def failures(*problems: int, public: bool = False) -> dict[int, Any]:
    """The problems of a route; a public one asks nobody who they are."""
    always = (422, 500) if public else (401, 422, 500)
    return {
        code: {
            "description": _WHY[code],
            "content": {PROBLEM_JSON: {"model": Problem}},
        }
        for code in sorted({*problems, *always})
    }
