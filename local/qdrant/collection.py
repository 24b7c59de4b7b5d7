"""One collection: an engine shard in a directory, and the requests it answers. No HTTP."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from local.qdrant.filters import BadRequest, filter_of

CONFIG_NAME = "collection.json"
DISTANCES = {
    "Cosine": edge.Distance.Cosine,
    "Dot": edge.Distance.Dot,
    "Euclid": edge.Distance.Euclid,
    "Manhattan": edge.Distance.Manhattan,
}
SCHEMAS = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "bool": edge.PayloadSchemaType.Bool,
    "datetime": edge.PayloadSchemaType.Datetime,
    "uuid": edge.PayloadSchemaType.Uuid,
    "text": edge.PayloadSchemaType.Text,
}


class Collection:
    """A collection with one unnamed dense vector."""

    def __init__(self, shard: edge.EdgeShard, path: Path, config: dict[str, Any]) -> None:
        self._shard = shard
        self._path = path
        self.config = config

    @classmethod
    def create(cls, path: Path, vectors: dict[str, Any]) -> Collection:
        """Make a collection in ``path`` from ``{"size": n, "distance": "Cosine"}``.

        Raises:
            BadRequest: size or distance are missing or unknown.
        """
        size, distance = vectors.get("size"), vectors.get("distance")
        if not isinstance(size, int) or size <= 0 or distance not in DISTANCES:
            raise BadRequest("vectors need a size and one of the distances " + ", ".join(DISTANCES))
        path.mkdir(parents=True)
        shard = edge.EdgeShard.create(
            str(path / "shard"),
            edge.EdgeConfig(vectors=edge.EdgeVectorParams(size=size, distance=DISTANCES[distance])),
        )
        config = {"vectors": {"size": size, "distance": distance}, "indexes": {}}
        collection = cls(shard, path, config)
        collection._save()
        return collection

    @classmethod
    def load(cls, path: Path) -> Collection:
        """Open the collection that was made in ``path``."""
        config = json.loads((path / CONFIG_NAME).read_text())
        return cls(edge.EdgeShard.load(str(path / "shard")), path, config)

    def create_index(self, field: str, schema: str) -> None:
        """Index a payload field; repeating it is harmless.

        Raises:
            BadRequest: an unknown schema.
        """
        if schema not in SCHEMAS:
            raise BadRequest(f"field schema not supported: {schema}")
        self._shard.update(edge.UpdateOperation.create_field_index(field, SCHEMAS[schema]))
        self.config["indexes"][field] = {"data_type": schema, "points": 0}
        self._save()

    def upsert(self, points: list[dict[str, Any]]) -> None:
        """Insert or replace points ``{"id", "vector", "payload"}``.

        Raises:
            BadRequest: a vector of another size.
        """
        size = self.config["vectors"]["size"]
        for point in points:
            if len(point["vector"]) != size:
                raise BadRequest(
                    "Wrong input: Vector dimension error: "
                    f"expected dim: {size}, got {len(point['vector'])}"
                )
        made = [edge.Point(p["id"], p["vector"], p.get("payload") or {}) for p in points]
        self._shard.update(edge.UpdateOperation.upsert_points(made))
        self._shard.flush()

    def delete(self, body: dict[str, Any]) -> None:
        """Delete ``{"points": [ids]}`` or everything that matches ``{"filter": ...}``."""
        if "points" in body:
            operation = edge.UpdateOperation.delete_points(body["points"])
        else:
            chosen = filter_of(body.get("filter"))
            if chosen is None:
                raise BadRequest("delete needs points or a filter")
            operation = edge.UpdateOperation.delete_points_by_filter(chosen)
        self._shard.update(operation)
        self._shard.flush()

    def query(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Nearest points of ``{"query": vector, "filter", "limit", "score_threshold", ...}``.

        Raises:
            BadRequest: no plain vector, or one of another size.
        """
        query = body.get("query")
        vector = query.get("nearest") if isinstance(query, dict) else query
        size = self.config["vectors"]["size"]
        if not isinstance(vector, list):
            raise BadRequest("query must be a vector")
        if len(vector) != size:
            raise BadRequest(
                f"Wrong input: Vector dimension error: expected dim: {size}, got {len(vector)}"
            )
        found = self._shard.query(
            edge.QueryRequest(
                limit=body.get("limit") or 10,
                offset=body.get("offset"),
                query=edge.Query.Nearest(vector),
                filter=filter_of(body.get("filter")),
                score_threshold=body.get("score_threshold"),
                with_payload=bool(body.get("with_payload", False)),
                with_vector=bool(body.get("with_vector", False)),
            )
        )
        return [
            {
                "id": point.id if isinstance(point.id, int) else str(point.id),
                "version": point.version,
                "score": point.score,
                "payload": point.payload,
                "vector": point.vector,
            }
            for point in found
        ]

    def scroll(self, body: dict[str, Any]) -> dict[str, Any]:
        """A page of points in the order of their ids."""
        records, following = self._shard.scroll(
            edge.ScrollRequest(
                offset=body.get("offset"),
                limit=body.get("limit") or 10,
                filter=filter_of(body.get("filter")),
                with_payload=bool(body.get("with_payload", True)),
                with_vector=bool(body.get("with_vector", False)),
            )
        )
        points = [
            {
                "id": record.id if isinstance(record.id, int) else str(record.id),
                "payload": record.payload,
                "vector": record.vector,
            }
            for record in records
        ]
        offset = following if following is None or isinstance(following, int) else str(following)
        return {"points": points, "next_page_offset": offset}

    def count(self, body: dict[str, Any]) -> int:
        """How many points match ``{"filter": ...}``; all without one."""
        request = edge.CountRequest(exact=True, filter=filter_of(body.get("filter")))
        return self._shard.count(request)

    def close(self) -> None:
        """Flush and release the shard."""
        self._shard.flush()
        self._shard.close()

    def drop(self) -> None:
        """Close the collection and delete its directory."""
        self._shard.close()
        shutil.rmtree(self._path)

    def _save(self) -> None:
        path = self._path / CONFIG_NAME
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.config))
        fresh.replace(path)
