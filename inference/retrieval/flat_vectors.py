"""FAISS's flat indexes, read by numpy: such a file is a header and one matrix.

Importing faiss takes longer than all else that opening a small index does, and an exact search of
a small matrix is one product (docs/adr/0026-small-indexes-without-faiss.md). What is not flat, and
what is too large to be read into memory for a search, is FAISS's own to open.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SEARCHED_BYTES = 16 * 1024 * 1024
"""The largest file that is searched here: 10,900 vectors of 384 dimensions."""

_HEADER = struct.Struct("<4s i q q q ? i Q")
"""Kind, dimension, vectors, two numbers of no use, whether trained, metric, floats that follow:
``write_index_header`` and ``WRITEXBVECTOR`` in FAISS's ``impl/index_write.cpp``."""

_FLAT_INNER_PRODUCT = b"IxFI"
_INNER_PRODUCT = 0


class FlatVectors:
    """Vectors by number, and the nearest of them."""

    def __init__(self, matrix: Vector) -> None:
        """``matrix`` has one vector per row."""
        self._matrix = matrix
        self.count, self.dimension = matrix.shape

    def nearest(self, vector: Vector, length: int, mask: Mask | None) -> Numbers:
        """The numbers of the ``length`` nearest that ``mask`` allows, or of all it allows; exact,
        in no order."""
        import numpy as np

        products = self._matrix @ vector
        found = min(length, self.count)
        if mask is not None:
            products[~mask] = -np.inf
            found = min(length, int(np.count_nonzero(mask)))
        if found == 0:
            return np.empty(0, dtype=np.int64)
        return np.argpartition(-products, found - 1)[:found]

    def at(self, numbers: Numbers) -> Vector:
        """The vectors of ``numbers``, one per row."""
        return self._matrix[numbers]


def read_flat(path: Path) -> FlatVectors | None:
    """The vectors of ``path``, read into memory to be searched; ``None`` where FAISS is needed.

    Mapped, they would lie at odd addresses (the header has 45 bytes), and numpy would copy them for
    every product.
    """
    import numpy as np

    shape = _shape(path)
    if shape is None or path.stat().st_size > SEARCHED_BYTES:
        return None
    return FlatVectors(np.fromfile(path, dtype="<f4", offset=_HEADER.size).reshape(shape))


def map_flat(path: Path) -> FlatVectors | None:
    """The vectors of ``path``, mapped to be looked up; ``None`` where FAISS is needed."""
    import numpy as np

    shape = _shape(path)
    if shape is None:
        return None
    if 0 in shape:
        return FlatVectors(np.empty(shape, dtype=np.float32))
    mapped = np.memmap(path, dtype="<f4", mode="r", offset=_HEADER.size, shape=shape)
    return FlatVectors(np.asarray(mapped))


def need_faiss(searched: Path, looked_up: Path) -> bool:
    """Whether FAISS must open one of the two files. Reads their headers alone."""
    if _shape(searched) is None or _shape(looked_up) is None:
        return True
    return searched.stat().st_size > SEARCHED_BYTES


def _shape(path: Path) -> tuple[int, int] | None:
    """Vectors and dimension of a whole flat index of inner products; ``None`` for other files."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
            size = file.seek(0, 2)
    except OSError:
        return None
    if len(head) < _HEADER.size:
        return None
    kind, dimension, count, _, _, _, metric, floats = _HEADER.unpack(head)
    if (kind, metric) != (_FLAT_INNER_PRODUCT, _INNER_PRODUCT):
        return None
    if min(count, dimension) < 0 or floats != count * dimension:
        return None
    return (count, dimension) if size == _HEADER.size + 4 * floats else None
