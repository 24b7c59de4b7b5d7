"""Reads the edges of a transformed template: WebSocket routes, queue readers, schedules. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from local.declared.blueprint import (
    Authorizer,
    HttpRoute,
    QueueSource,
    Route,
    Schedule,
    WebSocketApi,
)
from local.declared.intrinsics import Resolver
from local.declared.sam import TemplateError

_UNIT_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_BODY_FIELD = re.compile(r"\$request\.body\.([\w.]+)|\$\{request\.body\.([\w.]+)\}")

Resources = Mapping[str, Mapping[str, Any]]


class Edges(TypedDict):
    """The part of a blueprint that this module reads."""

    web_socket: WebSocketApi | None
    http_routes: tuple[HttpRoute, ...]
    queue_sources: tuple[QueueSource, ...]
    schedules: tuple[Schedule, ...]


def read_edges(resources: Resources, resolver: Resolver) -> Edges:
    """Everything that calls a function.

    Raises:
        TemplateError: a template that this stack cannot run; the message says what and why.
    """
    reader = _Reader(resources, resolver)
    return Edges(
        web_socket=reader.web_socket(),
        http_routes=tuple(reader.http_routes()),
        queue_sources=tuple(reader.queue_sources()),
        schedules=tuple(reader.schedules()),
    )


class _Reader:
    def __init__(self, resources: Resources, resolver: Resolver) -> None:
        self._resources = resources
        self._resolver = resolver

    def web_socket(self) -> WebSocketApi | None:
        apis = [
            (name, api)
            for name, api in self._of("AWS::ApiGatewayV2::Api")
            if api.get("ProtocolType") == "WEBSOCKET"
        ]
        if not apis:
            return None
        if len(apis) > 1:
            raise TemplateError("The local stack serves one WebSocket API; the template has more.")
        name, api = apis[0]
        api_id = self._resolver.value({"Ref": name})
        routes = list(self._routes_of(api_id))
        connect = next((route for _, route in routes if route["RouteKey"] == "$connect"), {})
        answered = {
            response["RouteId"] for _, response in self._of("AWS::ApiGatewayV2::RouteResponse")
        }
        return WebSocketApi(
            api_id=api_id,
            stage=self._stage_of(api_id),
            selection=_selection(api.get("RouteSelectionExpression", "")),
            routes={
                route["RouteKey"]: Route(
                    key=route["RouteKey"],
                    function=self._function_of(route),
                    replies=logical_id in answered and "RouteResponseSelectionExpression" in route,
                )
                for logical_id, route in routes
            },
            authorizer=self._authorizer_of(connect),
        )

    def http_routes(self) -> Iterator[HttpRoute]:
        for name, api in self._of("AWS::ApiGatewayV2::Api"):
            if api.get("ProtocolType") == "WEBSOCKET":
                continue
            for path, methods in (api.get("Body") or {}).get("paths", {}).items():
                for method, operation in methods.items():
                    integration = operation.get("x-amazon-apigateway-integration")
                    if operation.get("security"):
                        raise TemplateError(
                            f"{method} {path}: authorizers of HTTP APIs do not run here."
                        )
                    if integration:
                        function = _function_in(integration["uri"])
                        kind = "ANY" if method.startswith("x-amazon") else method.upper()
                        yield HttpRoute(method=kind, path=path, function=function)
            for _, route in self._routes_of(self._resolver.value({"Ref": name})):
                method, _, path = route["RouteKey"].partition(" ")
                yield HttpRoute(method=method, path=path, function=self._function_of(route))

    def queue_sources(self) -> Iterator[QueueSource]:
        for name, mapping in self._of("AWS::Lambda::EventSourceMapping"):
            if ":sqs:" not in str(mapping.get("EventSourceArn")):
                raise TemplateError(f"{name}: only queues are read locally.")
            scaling = mapping.get("ScalingConfig") or {}
            maximum = scaling.get("MaximumConcurrency")
            if str(mapping.get("Enabled", True)).lower() == "false":
                continue
            yield QueueSource(
                name=name,
                queue_arn=mapping["EventSourceArn"],
                function=_function_in(mapping["FunctionName"]),
                batch_size=int(mapping.get("BatchSize", 10)),
                batching_window_s=int(mapping.get("MaximumBatchingWindowInSeconds", 0)),
                partial_failures="ReportBatchItemFailures"
                in (mapping.get("FunctionResponseTypes") or []),
                maximum_concurrency=None if maximum is None else int(maximum),
            )

    def schedules(self) -> Iterator[Schedule]:
        for name, schedule in self._of("AWS::Scheduler::Schedule"):
            if schedule.get("State", "ENABLED") == "ENABLED":
                yield _schedule(name, schedule["ScheduleExpression"], schedule["Target"])
        for name, rule in self._of("AWS::Events::Rule"):
            if rule.get("ScheduleExpression") and rule.get("State", "ENABLED") == "ENABLED":
                for target in rule.get("Targets", []):
                    yield _schedule(name, rule["ScheduleExpression"], target)

    def _of(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._resources.items():
            if resource["Type"] == kind:
                yield name, self._resolver.value(resource.get("Properties") or {})

    def _routes_of(self, api_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, route in self._of("AWS::ApiGatewayV2::Route"):
            if route["ApiId"] == api_id:
                yield name, route

    def _stage_of(self, api_id: str) -> str:
        for _, stage in self._of("AWS::ApiGatewayV2::Stage"):
            if stage["ApiId"] == api_id:
                return str(stage["StageName"])
        raise TemplateError("The WebSocket API has no stage.")

    def _function_of(self, route: Mapping[str, Any]) -> str:
        integration = dict(self._of("AWS::ApiGatewayV2::Integration"))[
            str(route["Target"]).removeprefix("integrations/")
        ]
        return _function_in(integration["IntegrationUri"])

    def _authorizer_of(self, connect: Mapping[str, Any]) -> Authorizer | None:
        kind = connect.get("AuthorizationType", "NONE")
        if kind == "NONE":
            return None
        if kind != "CUSTOM":
            raise TemplateError(
                f"The $connect route is authorized by {kind}; locally only CUSTOM is."
            )
        authorizer = dict(self._of("AWS::ApiGatewayV2::Authorizer"))[connect["AuthorizerId"]]
        return Authorizer(
            function=_function_in(authorizer["AuthorizerUri"]),
            identity_sources=tuple(authorizer.get("IdentitySource") or ()),
        )


def _function_in(reference: str) -> str:
    """The logical id of the function that an ARN, an invocation URI or a name refers to."""
    match = re.search(r":function:([A-Za-z0-9]+)", reference)
    return match.group(1) if match else reference


def _selection(expression: str) -> str:
    match = _BODY_FIELD.fullmatch(expression)
    if not match:
        raise TemplateError(
            f"Routes are selected by {expression}; locally only by $request.body.*."
        )
    return match.group(1) or match.group(2)


def _schedule(name: str, expression: str, target: Mapping[str, Any]) -> Schedule:
    rate = re.fullmatch(r"rate\((\d+) (second|minute|hour|day)s?\)", expression)
    every_s = int(rate.group(1)) * _UNIT_S[rate.group(2)] if rate else None
    return Schedule(
        name=name,
        function=_function_in(target["Arn"]),
        expression=expression,
        every_s=every_s,
        payload=json.loads(target.get("Input") or "{}"),
    )
