"""Translates Qdrant's REST bodies into the engine's own types and back. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import qdrant_edge as edge

_INDEX_TYPES = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "bool": edge.PayloadSchemaType.Bool,
    "datetime": edge.PayloadSchemaType.Datetime,
    "text": edge.PayloadSchemaType.Text,
    "geo": edge.PayloadSchemaType.Geo,
    "uuid": edge.PayloadSchemaType.Uuid,
}
_CONDITION_KEYS = frozenset({"key", "match", "range", "is_empty", "is_null"})


class BadRequest(Exception):
    """A body that this server does not take."""


def index_type(schema: Any) -> edge.PayloadSchemaType:
    """The kind of a payload index: ``"keyword"`` or ``{"type": "keyword", ...}``."""
    name = schema.get("type") if isinstance(schema, dict) else schema
    if name not in _INDEX_TYPES:
        raise BadRequest(f"field_schema must be one of {', '.join(_INDEX_TYPES)}")
    return _INDEX_TYPES[name]


def points(body: dict[str, Any], size: int) -> list[edge.Point]:
    """The points of an upsert, as a list (``points``) or as columns (``batch``)."""
    if "batch" in body:
        batch = body["batch"]
        payloads = batch.get("payloads") or [None] * len(batch["ids"])
        rows = list(zip(batch["ids"], batch["vectors"], payloads, strict=True))
    else:
        given = body.get("points")
        if not isinstance(given, list):
            raise BadRequest("an upsert needs points or batch")
        rows = [(item["id"], item["vector"], item.get("payload")) for item in given]
    return [edge.Point(point_id(i), _vector(v, size), p or {}) for i, v, p in rows]


def point_id(value: Any) -> int | UUID | str:
    """A point's id: an unsigned integer or a UUID."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    try:
        return UUID(str(value))
    except ValueError as error:
        raise BadRequest(f"{value!r} is neither an unsigned integer nor a UUID") from error


def query(body: dict[str, Any], size: int) -> edge.QueryRequest:
    """A search for the nearest points."""
    asked = body.get("query")
    if isinstance(asked, dict) and "nearest" in asked:
        asked = asked["nearest"]
    if not isinstance(asked, list):
        raise BadRequest("query must be a vector")
    if body.get("prefetch") or body.get("using"):
        raise BadRequest("prefetch and named vectors are not served here")
    return edge.QueryRequest(
        limit=int(body.get("limit") or 10),
        offset=int(body.get("offset") or 0),
        query=edge.Query.Nearest(_vector(asked, size)),
        filter=filter_of(body.get("filter")),
        score_threshold=body.get("score_threshold"),
        with_payload=payload_selector(body.get("with_payload", False)),
        with_vector=bool(body.get("with_vector", False)),
    )


def filter_of(body: Any) -> edge.Filter | None:
    """A filter with ``must``, ``should``, ``must_not`` and ``min_should``."""
    if not body:
        return None
    unknown = body.keys() - {"must", "should", "must_not", "min_should"}
    if unknown:
        raise BadRequest(f"unknown clause {', '.join(sorted(unknown))} in filter")
    least = body.get("min_should")
    return edge.Filter(
        must=_conditions(body.get("must")),
        should=_conditions(body.get("should")),
        must_not=_conditions(body.get("must_not")),
        min_should=None
        if not least
        else edge.MinShould(_conditions(least["conditions"]) or [], int(least["min_count"])),
    )


def payload_selector(value: Any) -> Any:
    """What of a payload comes back: all, none, the named fields, or all but those named."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, dict) and "include" in value:
        return edge.PayloadSelector.Include(value["include"])
    if isinstance(value, dict) and "exclude" in value:
        return edge.PayloadSelector.Exclude(value["exclude"])
    if isinstance(value, list):
        return edge.PayloadSelector.Include(value)
    raise BadRequest("with_payload must be a boolean, a list of fields, or include/exclude")


def record(found: edge.Record) -> dict[str, Any]:
    """A stored point as JSON."""
    body: dict[str, Any] = {"id": plain_id(found.id)}
    if found.payload is not None:
        body["payload"] = found.payload
    if found.vector is not None:
        body["vector"] = found.vector
    return body


def scored(found: edge.ScoredPoint) -> dict[str, Any]:
    """A found point as JSON."""
    body: dict[str, Any] = {
        "id": plain_id(found.id),
        "version": found.version,
        "score": found.score,
    }
    if found.payload is not None:
        body["payload"] = found.payload
    if found.vector is not None:
        body["vector"] = found.vector
    return body


def plain_id(value: Any) -> int | str | None:
    """An id as JSON."""
    return value if value is None or isinstance(value, int) else str(value)


def _vector(value: Any, size: int) -> list[float]:
    if not isinstance(value, list) or not all(isinstance(x, int | float) for x in value):
        raise BadRequest("a vector must be a list of numbers")
    if len(value) != size:
        # The engine would find out too, but only after writing it to its log.
        raise BadRequest(f"Vector dimension error: expected dim: {size}, got {len(value)}")
    return [float(x) for x in value]


def _conditions(body: Any) -> list[Any] | None:
    if body is None:
        return None
    return [_condition(item) for item in (body if isinstance(body, list) else [body])]


def _condition(body: dict[str, Any]) -> Any:
    if "key" in body:
        unknown = body.keys() - _CONDITION_KEYS
        if any(body[name] is not None for name in unknown):
            raise BadRequest(f"conditions on {', '.join(sorted(unknown))} are not served here")
        return edge.FieldCondition(
            body["key"],
            match=_match(body["match"]) if body.get("match") else None,
            range=_range(body["range"]) if body.get("range") else None,
            is_empty=body.get("is_empty"),
            is_null=body.get("is_null"),
        )
    if "has_id" in body:
        return edge.HasIdCondition({point_id(value) for value in body["has_id"]})
    if isinstance(body.get("is_empty"), dict):
        return edge.IsEmptyCondition(body["is_empty"]["key"])
    if isinstance(body.get("is_null"), dict):
        return edge.IsNullCondition(body["is_null"]["key"])
    if body.keys() & {"must", "should", "must_not", "min_should"}:
        return filter_of(body)
    raise BadRequest(f"unknown condition with {', '.join(sorted(body)) or 'nothing'}")


def _match(body: dict[str, Any]) -> Any:
    match body:
        case {"value": bool()}:
            # The engine takes it for a number and finds nothing.
            raise BadRequest("matching booleans is not served here: keep a keyword instead")
        case {"value": value}:
            return edge.MatchValue(value)
        case {"any": values}:
            return edge.MatchAny(values)
        case {"except": values}:
            return edge.MatchExcept(values)
        case _:
            raise BadRequest(f"unknown match with {', '.join(sorted(body))}")


def _range(body: dict[str, Any]) -> Any:
    limits = {k: body[k] for k in ("gte", "gt", "lte", "lt") if body.get(k) is not None}
    if any(isinstance(value, str) for value in limits.values()):
        return edge.RangeDateTime(**limits)
    return edge.RangeFloat(**{name: float(value) for name, value in limits.items()})
