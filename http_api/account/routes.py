"""Routes of everything of one person."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api.documentation import answers
from http_api.models.account import DeletedRows
from http_api.request import caller, services

router = APIGatewayHttpRouter()


@router.delete(
    "/me",
    summary="Delete everything of the caller",
    operation_id="deleteMe",
    tags=["account"],
    responses=answers(
        DeletedRows,
        status=HTTPStatus.ACCEPTED,
        description="Rows are deleted; entries of the semantic cache follow within seconds.",
    ),
    status_code=HTTPStatus.ACCEPTED,
)
def delete_me() -> DeletedRows:
    return services(router).account.forget(caller(router))
