"""Routes of signing in to the WebSocket, and of signing out of everything."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api.documentation import answers
from http_api.models.sign_in import ClosedConnections, Ticket
from http_api.request import caller, grant, services

router = APIGatewayHttpRouter()


@router.post(
    "/tickets",
    summary="Get a ticket for the WebSocket's handshake",
    description="The page connects with `?ticket=...`. A ticket opens one socket, once.",
    operation_id="createTicket",
    tags=["sign-in"],
    responses=answers(Ticket, 503, status=HTTPStatus.CREATED, description="A fresh ticket."),
    status_code=HTTPStatus.CREATED,
)
def create_ticket() -> Response[Ticket]:
    issued = services(router).sign_in.ticket(grant(router))
    return Response(
        HTTPStatus.CREATED.value,
        "application/json",
        issued,
        headers={"Cache-Control": "no-store"},
    )


@router.post(
    "/logout",
    summary="Close every WebSocket of the caller",
    operation_id="logOut",
    tags=["sign-in"],
    responses=answers(ClosedConnections, 503),
)
def log_out() -> ClosedConnections:
    return services(router).sign_in.log_out(caller(router))
