"""The REST surface: Qdrant's paths and envelopes for what the semantic cache calls."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from local.qdrant.collection import CONFIG_NAME, Collection
from local.qdrant.filters import BadRequest

VERSION = "1.17.0"
"""The Qdrant version whose REST shapes this follows; qdrant-client compares it with its own."""

_NAME = re.compile(r"^[A-Za-z0-9_-]{1,255}$")
_routes = web.RouteTableDef()


class Collections:
    """The collections in one directory. The engine is quick and local, so calls are not awaited."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        self._open = {
            folder.name: Collection.load(folder)
            for folder in sorted(path.iterdir())
            if (folder / CONFIG_NAME).is_file()
        }

    def names(self) -> list[str]:
        return sorted(self._open)

    def get(self, name: str) -> Collection:
        """The collection.

        Raises:
            web.HTTPNotFound: there is none of this name.
        """
        if name not in self._open:
            raise _not_found(name)
        return self._open[name]

    def create(self, name: str, body: dict[str, Any]) -> None:
        """Make a collection.

        Raises:
            BadRequest: a bad name or configuration.
            web.HTTPConflict: it exists.
        """
        if not _NAME.match(name):
            raise BadRequest("collection names are letters, digits, - and _")
        if name in self._open:
            raise _conflict(name)
        self._open[name] = Collection.create(self._path / name, body.get("vectors") or {})

    def drop(self, name: str) -> bool:
        collection = self._open.pop(name, None)
        if collection is not None:
            collection.drop()
        return collection is not None

    def close(self) -> None:
        for collection in self._open.values():
            collection.close()


_COLLECTIONS = web.AppKey("collections", Collections)


def application(path: Path) -> web.Application:
    """The server as an aiohttp application that keeps its collections in ``path``."""
    app = web.Application(middlewares=[_envelope], client_max_size=32 * 2**20)
    app[_COLLECTIONS] = Collections(path)
    app.add_routes(_routes)

    async def close(app: web.Application) -> None:
        app[_COLLECTIONS].close()

    app.on_cleanup.append(close)
    return app


@web.middleware
async def _envelope(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except (BadRequest, msgspec.DecodeError, KeyError, TypeError) as error:
        return _json({"status": {"error": str(error)}, "time": 0.0}, status=400)


@_routes.get("/")
async def _root(request: web.Request) -> web.Response:
    return _json({"title": "qdrant - vector search engine", "version": VERSION})


@_routes.get("/readyz")
@_routes.get("/healthz")
async def _healthy(request: web.Request) -> web.Response:
    return web.Response(text="all shards are ready")


@_routes.get("/collections")
async def _list(request: web.Request) -> web.Response:
    names = request.app[_COLLECTIONS].names()
    return _result({"collections": [{"name": name} for name in names]})


@_routes.put("/collections/{name}")
async def _create(request: web.Request) -> web.Response:
    body = await _body(request)
    request.app[_COLLECTIONS].create(request.match_info["name"], body)
    return _result(True)


@_routes.delete("/collections/{name}")
async def _drop(request: web.Request) -> web.Response:
    return _result(request.app[_COLLECTIONS].drop(request.match_info["name"]))


@_routes.get("/collections/{name}/exists")
async def _exists(request: web.Request) -> web.Response:
    names = request.app[_COLLECTIONS].names()
    return _result({"exists": request.match_info["name"] in names})


@_routes.get("/collections/{name}")
async def _info(request: web.Request) -> web.Response:
    collection = _collection(request)
    points = collection.count({})
    return _result(
        {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": points,
            "indexed_vectors_count": 0,
            "segments_count": 1,
            "config": {
                "params": {"vectors": collection.config["vectors"]},
                "hnsw_config": {
                    "m": 16,
                    "ef_construct": 100,
                    "full_scan_threshold": 10_000,
                },
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
            },
            "payload_schema": collection.config["indexes"],
        }
    )


@_routes.put("/collections/{name}/index")
async def _index(request: web.Request) -> web.Response:
    body = await _body(request)
    schema = body["field_schema"]
    kind = schema["type"] if isinstance(schema, dict) else schema
    _collection(request).create_index(body["field_name"], kind)
    return _done()


@_routes.put("/collections/{name}/points")
async def _upsert(request: web.Request) -> web.Response:
    _collection(request).upsert((await _body(request))["points"])
    return _done()


@_routes.post("/collections/{name}/points/delete")
async def _delete(request: web.Request) -> web.Response:
    _collection(request).delete(await _body(request))
    return _done()


@_routes.post("/collections/{name}/points/query")
async def _query(request: web.Request) -> web.Response:
    return _result({"points": _collection(request).query(await _body(request))})


@_routes.post("/collections/{name}/points/scroll")
async def _scroll(request: web.Request) -> web.Response:
    return _result(_collection(request).scroll(await _body(request)))


@_routes.post("/collections/{name}/points/count")
async def _count(request: web.Request) -> web.Response:
    return _result({"count": _collection(request).count(await _body(request))})


def _collection(request: web.Request) -> Collection:
    return request.app[_COLLECTIONS].get(request.match_info["name"])


async def _body(request: web.Request) -> dict[str, Any]:
    return msgspec.json.decode(await request.read(), type=dict[str, Any])


def _result(result: object) -> web.Response:
    return _json({"result": result, "status": "ok", "time": time.process_time()})


def _done() -> web.Response:
    return _result({"operation_id": 0, "status": "completed"})


def _json(payload: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(payload), status=status, content_type="application/json"
    )


def _error(message: str) -> str:
    return msgspec.json.encode({"status": {"error": message}, "time": 0.0}).decode()


def _not_found(name: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(
        text=_error(f"Not found: Collection `{name}` doesn't exist!"),
        content_type="application/json",
    )


def _conflict(name: str) -> web.HTTPConflict:
    return web.HTTPConflict(
        text=_error(f"Wrong input: Collection `{name}` already exists!"),
        content_type="application/json",
    )
