"""What a route sees of its request besides its parameters: who calls, and the services."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from copilot.access.tickets import Grant
from copilot.identity import Identity
from http_api.services import Services

_SERVICES = "services"


def provide(api: APIGatewayHttpResolver, services: Services) -> None:
    """Give the services to the routes of the request that is about to be resolved."""
    api.append_context(**{_SERVICES: services})


def services(router: APIGatewayHttpRouter) -> Services:
    """The services that this request was given."""
    found = router.context[_SERVICES]
    assert isinstance(found, Services)
    return found


def grant(router: APIGatewayHttpRouter) -> Grant:
    """Who calls, and until when that holds.

    Raises:
        ProblemError: ``unauthenticated`` or ``sign_in_unavailable``.
    """
    return services(router).authenticate(router.current_event.headers)


def caller(router: APIGatewayHttpRouter) -> Identity:
    """Who calls.

    Raises:
        ProblemError: ``unauthenticated`` or ``sign_in_unavailable``.
    """
    return grant(router).identity


def header(router: APIGatewayHttpRouter, name: str) -> str:
    """A header of the request, its name in any case; empty where it is missing."""
    return router.current_event.headers.get(name) or ""
