"""Collections on disk, each one shard of the engine. It speaks no HTTP."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from local.qdrant.requests import BadRequest

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_DISTANCES = {
    "Cosine": edge.Distance.Cosine,
    "Dot": edge.Distance.Dot,
    "Euclid": edge.Distance.Euclid,
    "Manhattan": edge.Distance.Manhattan,
}


class UnknownCollection(Exception):
    """No collection has this name."""


class CollectionExists(Exception):
    """A collection has this name already."""


class Collection:
    """One collection: a shard with one unnamed vector per point."""

    def __init__(self, shard: edge.EdgeShard, size: int, distance: str) -> None:
        self.shard = shard
        self.size = size
        self.distance = distance
        self.operations = 0

    def update(self, operation: edge.UpdateOperation) -> int:
        """Apply a change, durable once this returns; returns its number."""
        self.shard.update(operation)
        self.operations += 1
        return self.operations


class Collections:
    """Every collection under a directory; opened when first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[str, Collection] = {}
        path.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """The names of all collections."""
        return sorted(found.parent.name for found in self._path.glob("*/collection.json"))

    def get(self, name: str) -> Collection:
        """Open a collection.

        Raises:
            UnknownCollection: it does not exist.
        """
        if name not in self._open:
            description = self._path / name / "collection.json"
            if not _NAME.fullmatch(name) or not description.is_file():
                raise UnknownCollection(name)
            described = json.loads(description.read_text())
            shard = edge.EdgeShard.load(str(self._path / name / "shard"))
            self._open[name] = Collection(shard, described["size"], described["distance"])
        return self._open[name]

    def create(self, name: str, vectors: Any) -> None:
        """Create a collection of ``vectors`` (``{"size": 384, "distance": "Cosine"}``).

        Raises:
            CollectionExists: the name is taken.
            BadRequest: a name or parameters that this server does not take.
        """
        if name in self.names():
            raise CollectionExists(name)
        if not _NAME.fullmatch(name) or name.startswith("."):
            raise BadRequest(f"{name!r} is not a name for a collection")
        if not isinstance(vectors, dict) or not {"size", "distance"} <= vectors.keys():
            raise BadRequest("vectors must be one unnamed vector with size and distance")
        if vectors["distance"] not in _DISTANCES:
            raise BadRequest(f"distance must be one of {', '.join(_DISTANCES)}")
        directory = self._path / name
        # The leavings of a creation that was cut off: without a description nothing was promised.
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "shard").mkdir(parents=True)
        size, distance = int(vectors["size"]), str(vectors["distance"])
        parameters = edge.EdgeVectorParams(size, _DISTANCES[distance])
        shard = edge.EdgeShard.create(str(directory / "shard"), edge.EdgeConfig(vectors=parameters))
        self._open[name] = Collection(shard, size, distance)
        description = directory / "collection.json"
        draft = description.with_suffix(".draft")
        draft.write_text(json.dumps({"size": size, "distance": distance}))
        draft.replace(description)

    def delete(self, name: str) -> bool:
        """Delete a collection; returns whether there was one."""
        if name not in self.names():
            return False
        collection = self._open.pop(name, None)
        if collection is not None:
            collection.shard.close()
        shutil.rmtree(self._path / name)
        return True

    def close(self) -> None:
        """Write everything down."""
        for collection in self._open.values():
            collection.shard.close()
        self._open.clear()
