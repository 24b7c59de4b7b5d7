"""Routes of what the service knows of its use: figures, and everything of one person."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api import models
from http_api.documentation import answers
from http_api.request import caller, services

router = APIGatewayHttpRouter()


@router.get(
    "/insights",
    summary="Figures of what was asked, by day",
    operation_id="getInsights",
    tags=["insights"],
    responses=answers(models.Insights),
)
def get_insights(days: Annotated[int, Query(ge=1, le=90)] = 30) -> models.Insights:
    return services(router).insights.insights(caller(router), days)


@router.delete(
    "/me",
    summary="Delete everything of the caller",
    operation_id="deleteMe",
    tags=["account"],
    responses=answers(
        models.DeletedRows,
        status=HTTPStatus.ACCEPTED,
        description="Rows are deleted; entries of the semantic cache follow within seconds.",
    ),
    status_code=HTTPStatus.ACCEPTED,
)
def delete_me() -> models.DeletedRows:
    return services(router).account.forget(caller(router))
