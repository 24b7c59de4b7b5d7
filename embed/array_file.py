"""Arrays of a bundle, written piece by piece: ``.npy`` files whose length is known at the end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ArrayFile:
    """One row of numbers, appended to. The same bytes as ``numpy.save`` of the whole."""

    def __init__(self, path: Path, dtype: type[np.generic]) -> None:
        self._dtype = np.dtype(dtype)
        self._length = 0
        self._file = path.open("wb")
        self._write_head()

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_head()

    def append(self, values: NDArray[Any] | Iterable[float]) -> None:
        """Write ``values`` after those before."""
        piece = np.asarray(values, dtype=self._dtype)
        self._length += len(piece)
        self._file.write(piece.tobytes())

    def _write_head(self) -> None:
        """The head leaves room for the longest length, so that it can be written again in place.

        https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
        """
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self._length,),
            },
        )


class VectorFile:
    """Vectors of one length by row, written in any order. A scratch file, not part of a bundle."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        self._file = path.open("wb", buffering=0)

    def __enter__(self) -> VectorFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def put(self, rows: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Write ``vectors``, shape ``(len(rows), dimension)``, as ``rows``.

        Written, not mapped: a full disk is then an error and no signal.
        """
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        for following, held in zip(np.split(rows, breaks), np.split(vectors, breaks), strict=True):
            if len(following):
                self._file.seek(int(following[0]) * self._dimension * 4)
                self._write(memoryview(held.astype("<f4").tobytes()))

    def _write(self, raw: memoryview) -> None:
        while raw:
            raw = raw[self._file.write(raw) :]

    def rows(self, start: int, count: int) -> NDArray[np.float32]:
        """Rows from ``start`` on, shape ``(count, dimension)``, mapped and not read."""
        shape = (count, self._dimension)
        if count == 0:
            return np.empty(shape, dtype=np.float32)
        offset = start * self._dimension * 4
        return np.memmap(self._path, dtype="<f4", mode="r", offset=offset, shape=shape)
