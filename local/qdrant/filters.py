"""Qdrant's REST filters, translated for the engine; an unknown condition is refused."""

from __future__ import annotations

from typing import Any

import qdrant_edge as edge


class BadRequest(ValueError):
    """A request that this server does not understand; the message goes to the client."""


def filter_of(body: dict[str, Any] | None) -> edge.Filter | None:
    """Translate ``{"must": [...], "should": [...], "must_not": [...]}``.

    Raises:
        BadRequest: a clause or condition that is not supported here.
    """
    if not body:
        return None
    if unknown := set(body) - {"must", "should", "must_not"}:
        raise BadRequest(f"filter clauses not supported: {', '.join(sorted(unknown))}")
    return edge.Filter(
        must=_conditions(body.get("must")),
        should=_conditions(body.get("should")),
        must_not=_conditions(body.get("must_not")),
    )


def _conditions(conditions: list[Any] | dict[str, Any] | None) -> list[Any] | None:
    if conditions is None:
        return None
    listed = conditions if isinstance(conditions, list) else [conditions]
    return [_condition(condition) for condition in listed]


def _condition(body: dict[str, Any]) -> Any:
    if "has_id" in body:
        return edge.HasIdCondition(set(body["has_id"]))
    if "key" in body and isinstance(body.get("match"), dict):
        return edge.FieldCondition(body["key"], match=_match(body["match"]))
    if "key" in body and isinstance(body.get("range"), dict):
        bounds = {k: v for k, v in body["range"].items() if v is not None}
        return edge.FieldCondition(body["key"], range=edge.RangeFloat(**bounds))
    if set(body) & {"must", "should", "must_not"}:
        return filter_of(body)
    raise BadRequest(f"condition not supported: {sorted(body)}")


def _match(body: dict[str, Any]) -> Any:
    if "value" in body:
        return edge.MatchValue(body["value"])
    if "any" in body:
        return edge.MatchAny(body["any"])
    raise BadRequest(f"match not supported: {sorted(body)}")
