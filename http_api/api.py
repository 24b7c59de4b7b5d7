"""The API: every route, and how errors look. It knows no AWS client and no environment."""

from __future__ import annotations

import base64
import functools
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from copilot.access.allowance import RateLimited
from copilot.answer_log.question import BadQuestion
from copilot.errors import RequestError
from copilot.index_bundle.manifest import IndexUnusable
from http_api.account import routes as account_routes
from http_api.answers import routes as answer_routes
from http_api.conversations import routes as conversation_routes
from http_api.documents import routes as document_routes
from http_api.insights import routes as insight_routes
from http_api.problems import ProblemError, not_found, problem_response
from http_api.sign_in import routes as sign_in_routes

logger = logging.getLogger(__name__)

_STATUS = {
    "unknown_answer": HTTPStatus.NOT_FOUND,
    "unknown_conversation": HTTPStatus.NOT_FOUND,
    "unknown_parent": HTTPStatus.NOT_FOUND,
    "answer_expired": HTTPStatus.NOT_FOUND,
    "undo_expired": HTTPStatus.GONE,
    "not_ended": HTTPStatus.CONFLICT,
    "busy": HTTPStatus.CONFLICT,
    "idempotency_conflict": HTTPStatus.CONFLICT,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "key_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "key_missing": HTTPStatus.INTERNAL_SERVER_ERROR,
    "not_authentic": HTTPStatus.INTERNAL_SERVER_ERROR,
}


@functools.cache
def build() -> APIGatewayHttpResolver:
    """The resolver with all routes. There is one: a router belongs to one resolver."""
    api = APIGatewayHttpResolver(enable_validation=True)
    for routes in (
        conversation_routes,
        answer_routes,
        document_routes,
        insight_routes,
        account_routes,
        sign_in_routes,
    ):
        api.include_router(routes.router)
    api.exception_handler([ProblemError])(problem_response)
    api.exception_handler([RequestError, BadQuestion])(_refused)
    api.exception_handler([IndexUnusable])(_without_index)
    api.exception_handler([RequestValidationError])(_malformed)
    api.not_found(_nothing_here)
    return api


def failure() -> dict[str, Any]:
    """What to say when something failed that nobody foresaw."""
    return _result_of(
        ProblemError(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed on the server; send it again.",
        )
    )


def refusal(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """What to say of a body that is no JSON object, before anybody tries to read it."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    sent = headers.get("content-type", "").split(";")[0].strip().lower()
    body = event.get("body")
    if not body:
        return None
    if sent not in ("", "application/json"):
        status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"
        return _result_of(ProblemError(status, code, "Send the body as application/json."))
    try:
        value = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return None
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request"
    return _result_of(ProblemError(status, code, "body: send one JSON object."))


def _result_of(error: ProblemError) -> dict[str, Any]:
    response = problem_response(error)
    headers = {name: str(value) for name, value in response.headers.items()}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body}


def _refused(error: RequestError | BadQuestion) -> Response[str]:
    status = _STATUS.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    wait = error.retry_after_ms if isinstance(error, RateLimited) else None
    return problem_response(ProblemError(status, error.code, error.message, retry_after_ms=wait))


def _without_index(error: IndexUnusable) -> Response[str]:
    logger.error("index unusable", extra={"reason": str(error)})
    return problem_response(
        ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "index_unusable",
            "The documents cannot be read at the moment; whoever runs this finds why in its log.",
        )
    )


def _malformed(error: RequestValidationError) -> Response[str]:
    detail = "; ".join(_where(item) for item in error.errors()[:5])
    return problem_response(
        ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail)
    )


def _where(item: dict[str, Any]) -> str:
    return f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"


def _nothing_here(_: NotFoundError) -> Response[str]:
    return problem_response(
        not_found("unknown_route", "Nothing is served here; see http_api/openapi.json.")
    )
