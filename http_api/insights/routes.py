"""Routes of figures of what was asked."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api.documentation import answers
from http_api.models.insights import Insights
from http_api.request import caller, services

router = APIGatewayHttpRouter()


@router.get(
    "/insights",
    summary="Figures of what was asked, by day",
    operation_id="getInsights",
    tags=["insights"],
    responses=answers(Insights),
)
def get_insights(days: Annotated[int, Query(ge=1, le=90)] = 30) -> Insights:
    return services(router).insights.insights(caller(router), days)
