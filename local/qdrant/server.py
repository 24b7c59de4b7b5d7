"""Qdrant's REST interface over the local engine: the calls that a semantic cache makes, no more.

Answers and errors have the shape of a real server, so that ``qdrant-client`` works against both.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import qdrant_edge as edge
from aiohttp import web

from local.qdrant import requests
from local.qdrant.collections import (
    Collection,
    CollectionExists,
    Collections,
    UnknownCollection,
)
from local.qdrant.requests import BadRequest

logger = logging.getLogger(__name__)

VERSION = "1.20.0"
"""The REST interface that is spoken here."""

MAX_BODY_BYTES = 32 * 1024 * 1024
_COLLECTIONS: web.AppKey[Collections] = web.AppKey("collections", Collections)


def make_app(collections: Collections) -> web.Application:
    """The application over these collections."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors])
    app[_COLLECTIONS] = collections
    name = "/collections/{name}"
    app.router.add_get("/", _root)
    app.router.add_get("/healthz", _root)
    app.router.add_get("/readyz", _root)
    app.router.add_get("/collections", _list)
    app.router.add_put(name, _create)
    app.router.add_get(name, _describe)
    app.router.add_delete(name, _delete_collection)
    app.router.add_get(f"{name}/exists", _exists)
    app.router.add_put(f"{name}/index", _index)
    app.router.add_put(f"{name}/points", _upsert)
    app.router.add_post(f"{name}/points", _retrieve)
    app.router.add_post(f"{name}/points/query", _query)
    app.router.add_post(f"{name}/points/delete", _delete_points)
    app.router.add_post(f"{name}/points/payload", _set_payload)
    app.router.add_post(f"{name}/points/count", _count)
    app.router.add_post(f"{name}/points/scroll", _scroll)
    return app


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except UnknownCollection as error:
        return _failed(404, f"Not found: Collection `{error}` doesn't exist!")
    except CollectionExists as error:
        return _failed(409, f"Wrong input: Collection `{error}` already exists!")
    except (BadRequest, KeyError, TypeError, ValueError) as error:
        return _failed(400, f"Wrong input: {error}")
    except Exception as error:  # noqa: BLE001 - the engine raises nothing narrower.
        logger.error("%s %s: %s", request.method, request.path, error)
        return _failed(500, f"Service internal error: {error}")


async def _root(request: web.Request) -> web.Response:
    return web.json_response({"title": "local qdrant", "version": VERSION, "commit": ""})


async def _list(request: web.Request) -> web.Response:
    names = request.app[_COLLECTIONS].names()
    return _done({"collections": [{"name": name} for name in names]})


async def _create(request: web.Request) -> web.Response:
    body = await _body(request)
    request.app[_COLLECTIONS].create(request.match_info["name"], body.get("vectors"))
    return _done(True)


async def _delete_collection(request: web.Request) -> web.Response:
    return _done(request.app[_COLLECTIONS].delete(request.match_info["name"]))


async def _exists(request: web.Request) -> web.Response:
    names = request.app[_COLLECTIONS].names()
    return _done({"exists": request.match_info["name"] in names})


async def _describe(request: web.Request) -> web.Response:
    collection = _collection(request)
    info = collection.shard.info()
    schema = {
        key: {"data_type": str(index.data_type).rsplit(".", 1)[-1].lower(), "points": index.points}
        for key, index in info.payload_schema.items()
    }
    return _done(
        {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "config": _config(collection),
            "payload_schema": schema,
        }
    )


async def _index(request: web.Request) -> web.Response:
    body = await _body(request)
    kind = requests.index_type(body.get("field_schema", "keyword"))
    operation = edge.UpdateOperation.create_field_index(body["field_name"], kind)
    return _updated(_collection(request), operation)


async def _upsert(request: web.Request) -> web.Response:
    collection = _collection(request)
    points = requests.points(await _body(request), collection.size)
    return _updated(collection, edge.UpdateOperation.upsert_points(points))


async def _set_payload(request: web.Request) -> web.Response:
    body = await _body(request)
    payload = body["payload"]
    if body.get("points") is not None:
        ids = [requests.point_id(value) for value in body["points"]]
        operation = edge.UpdateOperation.set_payload(ids, payload)
    else:
        chosen = _required_filter(body)
        operation = edge.UpdateOperation.set_payload_by_filter(chosen, payload)
    return _updated(_collection(request), operation)


async def _delete_points(request: web.Request) -> web.Response:
    body = await _body(request)
    if body.get("points") is not None:
        ids = [requests.point_id(value) for value in body["points"]]
        operation = edge.UpdateOperation.delete_points(ids)
    else:
        operation = edge.UpdateOperation.delete_points_by_filter(_required_filter(body))
    return _updated(_collection(request), operation)


async def _retrieve(request: web.Request) -> web.Response:
    body = await _body(request)
    found = _collection(request).shard.retrieve(
        [requests.point_id(value) for value in body["ids"]],
        requests.payload_selector(body.get("with_payload", True)),
        bool(body.get("with_vector", False)),
    )
    return _done([requests.record(item) for item in found])


async def _query(request: web.Request) -> web.Response:
    collection = _collection(request)
    asked = requests.query(await _body(request), collection.size)
    return _done({"points": [requests.scored(p) for p in collection.shard.query(asked)]})


async def _count(request: web.Request) -> web.Response:
    body = await _body(request)
    asked = edge.CountRequest(
        exact=bool(body.get("exact", True)), filter=requests.filter_of(body.get("filter"))
    )
    return _done({"count": _collection(request).shard.count(asked)})


async def _scroll(request: web.Request) -> web.Response:
    body = await _body(request)
    offset = body.get("offset")
    asked = edge.ScrollRequest(
        offset=None if offset is None else requests.point_id(offset),
        limit=int(body.get("limit") or 10),
        filter=requests.filter_of(body.get("filter")),
        with_payload=requests.payload_selector(body.get("with_payload", True)),
        with_vector=bool(body.get("with_vector", False)),
    )
    found, following = _collection(request).shard.scroll(asked)
    return _done(
        {
            "points": [requests.record(item) for item in found],
            "next_page_offset": requests.plain_id(following),
        }
    )


def _required_filter(body: dict[str, Any]) -> edge.Filter:
    chosen = requests.filter_of(body.get("filter"))
    if chosen is None:
        raise BadRequest("points or filter must say which points are meant")
    return chosen


def _collection(request: web.Request) -> Collection:
    return request.app[_COLLECTIONS].get(request.match_info["name"])


async def _body(request: web.Request) -> dict[str, Any]:
    text = await request.read()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def _updated(collection: Collection, operation: edge.UpdateOperation) -> web.Response:
    return _done({"operation_id": collection.update(operation), "status": "completed"})


def _done(result: Any) -> web.Response:
    return web.json_response({"result": result, "status": "ok", "time": 0.0})


def _failed(status: int, message: str) -> web.Response:
    body = {"status": {"error": message}, "time": 0.0}
    return web.json_response(body, status=status)


def _config(collection: Collection) -> dict[str, Any]:
    """The settings that ``qdrant-client`` insists on reading; the engine's own defaults."""
    return {
        "params": {
            "vectors": {"size": collection.size, "distance": collection.distance},
            "shard_number": 1,
            "replication_factor": 1,
            "write_consistency_factor": 1,
            "on_disk_payload": True,
        },
        "hnsw_config": {
            "m": 16,
            "ef_construct": 100,
            "full_scan_threshold": 10_000,
            "max_indexing_threads": 0,
            "on_disk": False,
        },
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        },
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        "quantization_config": None,
    }
