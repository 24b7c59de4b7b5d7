"""The vectors of a bundle: one per chunk, and one per window of each longer chunk.

A chunk is as near to a question as its whole is, and as the nearest of its windows is; both are
given, exact for every candidate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from copilot.index_bundle.manifest import IndexUnusable
from inference.retrieval.flat_vectors import FlatVectors, map_flat, need_faiss, read_flat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

VECTORS = "vectors.faiss"
WINDOWS = "windows.faiss"
WINDOW_STARTS = "windows.starts.npy"

LIST_LENGTH = 100
EF_SEARCH = 128
PROBES = 48
"""Lists of an inverted file that are searched; more where few chunks may be found."""


class Reader(Struct, frozen=True):
    """Who asks, and for what: the caller's groups and the filters that were chosen."""

    groups: frozenset[str]
    filters: Mapping[str, str] | None


class Dense(Protocol):
    """Finds near chunks and says how near they are."""

    def nearest(self, vector: Vector, mask: Mask | None, reader: Reader | None = None) -> Numbers:
        """Return the 100 nearest chunks, by the whole, sorted by number.

        ``mask`` says which chunks may be found, shape ``(chunks,)``; ``None`` for all. ``reader``
        says the same in words, for an index that filters by itself.
        """
        ...

    def cosines(self, chunks: Numbers, vector: Vector) -> tuple[Vector, Vector]:
        """Return how near each of ``chunks`` is: as a whole, and at most (whole or a window)."""
        ...


class DenseIndex:
    """Implements ``Dense`` on the bundle's own FAISS files."""

    def __init__(self, bundle: Path, *, chunks: int, dimension: int) -> None:
        """Map the vectors of ``bundle``.

        Raises:
            IndexUnusable: they are not what the manifest promises.
        """
        import numpy as np

        self._chunks = read_flat(bundle / VECTORS) or FaissVectors(bundle / VECTORS)
        self._windows = map_flat(bundle / WINDOWS) or FaissVectors(bundle / WINDOWS)
        self._starts = np.load(bundle / WINDOW_STARTS, mmap_mode="r", allow_pickle=False)
        found = (self._chunks.count, self._chunks.dimension)
        if found != (chunks, dimension) or self._starts.shape != (chunks + 1,):
            raise IndexUnusable(
                f"{bundle / VECTORS} holds {found[0]} vectors of {found[1]} dimensions, the "
                f"manifest promises {chunks} of {dimension}. Rebuild the index: "
                f"python -m embed build DOCS... --out {bundle}"
            )

    def nearest(self, vector: Vector, mask: Mask | None, reader: Reader | None = None) -> Numbers:
        """See ``Dense.nearest``; the mask is all that it needs.

        Searching the windows too costs five times as much and changes nothing among the first ten
        (ADR 33).
        """
        import numpy as np

        if mask is not None and not mask.any():
            return np.empty(0, dtype=np.int64)
        return np.sort(self._chunks.nearest(vector, LIST_LENGTH, mask))

    def cosines(self, chunks: Numbers, vector: Vector) -> tuple[Vector, Vector]:
        """Return how near each of ``chunks`` is: as a whole, and at most (whole or a window)."""
        import numpy as np

        if chunks.size == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.float32)
        whole = _products(self._chunks, chunks, vector)
        first, last = self._starts[chunks], self._starts[chunks + 1]
        counts = last - first
        if not counts.any():
            return whole, whole
        # The numbers of all windows of all candidates, chunk by chunk.
        places = np.cumsum(counts) - counts
        numbers = np.arange(int(counts.sum())) + np.repeat(first - places, counts)
        held = counts > 0
        focus = whole.copy()
        nearest = np.maximum.reduceat(_products(self._windows, numbers, vector), places[held])
        focus[held] = np.maximum(whole[held], nearest)
        return whole, focus


def open_vectors(path: Path) -> Any:
    """Open a FAISS index memory-mapped, able to give its vectors back by number.

    Raises:
        IndexUnusable: not a FAISS index.
    """
    import faiss

    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise IndexUnusable(
            f"{path} is not a FAISS index ({error}). Rebuild it: python -m embed build DOCS..."
        ) from error
    if isinstance(index, faiss.IndexIVF):
        index.make_direct_map()
    return index


class FaissVectors:
    """Vectors by number, and the nearest of them, as ``FlatVectors``, of any index of FAISS."""

    def __init__(self, path: Path) -> None:
        """Map ``path``.

        Raises:
            IndexUnusable: not a FAISS index.
        """
        self._index = open_vectors(path)
        self.count, self.dimension = int(self._index.ntotal), int(self._index.d)

    def nearest(self, vector: Vector, length: int, mask: Mask | None) -> Numbers:
        """The numbers of the ``length`` nearest that ``mask`` allows, as good as the index is."""
        import numpy as np

        length = min(length, self.count)
        if length == 0:
            return np.empty(0, dtype=np.int64)
        parameters = _parameters(self._index, mask)
        found = self._index.search(vector[None, :], length, params=parameters)[1][0]
        return np.asarray(found[found >= 0], dtype=np.int64)

    def at(self, numbers: Numbers) -> Vector:
        """The vectors of ``numbers``, one per row."""
        import numpy as np

        held = self._index.reconstruct_batch(np.ascontiguousarray(numbers, dtype=np.int64))
        return np.asarray(held, dtype=np.float32)


def _parameters(index: Any, mask: Mask | None) -> Any:
    import faiss
    import numpy as np

    given: dict[str, Any] = {}
    if mask is not None:
        given["sel"] = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=EF_SEARCH, **given)
    if isinstance(index, faiss.IndexIVF):
        seen = 1.0 if mask is None else float(mask.mean())
        probes = min(index.nlist, math.ceil(PROBES / seen))
        return faiss.SearchParametersIVF(nprobe=probes, **given)
    return faiss.SearchParameters(**given) if given else None


def _products(vectors: FlatVectors | FaissVectors, numbers: Numbers, vector: Vector) -> Vector:
    import numpy as np

    return np.asarray(vectors.at(numbers) @ vector, dtype=np.float32)


def needs_faiss(bundle: Path) -> bool:
    """Whether ``DenseIndex`` imports faiss to open ``bundle``."""
    return need_faiss(bundle / VECTORS, bundle / WINDOWS)
