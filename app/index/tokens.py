"""Token vectors of the passages, 8 bits a component, mapped from disk: late interaction (MaxSim)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

LEVELS = 127
"""The largest component of a stored vector."""


class TokenWriter:
    """Writes passages' token vectors one after the other, so that a large corpus need not fit in memory."""

    def __init__(self, values: Path, offsets: Path) -> None:
        self._values = values.open("wb")
        self._offsets_path = offsets
        self._offsets = [0]

    def __enter__(self) -> TokenWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._values.close()
        if kind is None:
            self._offsets_path.write_bytes(np.array(self._offsets, dtype="<i8").tobytes())

    def add(self, stored: NDArray[np.int8]) -> None:
        """The next passage: int8[n, d] from ``compress`` or from another generation."""
        self._values.write(np.ascontiguousarray(stored).tobytes())
        self._offsets.append(self._offsets[-1] + len(stored))


def compress(tokens: Matrix) -> NDArray[np.int8]:
    """float32[n, d] -> int8[n, d]: each row scaled so that its largest component is 127.

    The scale is not kept: the rows are unit vectors, so a stored row's own length tells it.
    """
    largest = np.maximum(np.abs(tokens).max(axis=1, keepdims=True), 1e-12)
    stored: NDArray[np.int8] = np.rint(tokens * (LEVELS / largest)).astype(np.int8)
    return stored


class TokenVectors:
    """The stored token vectors; nothing is read before it is asked for."""

    def __init__(self, values: Path, offsets: bytes, dimension: int) -> None:
        self._offsets: NDArray[np.int64] = np.frombuffer(offsets, dtype="<i8")
        shape = (int(self._offsets[-1]), dimension)
        self._values: NDArray[np.int8] = (
            np.memmap(values, dtype=np.int8, mode="r", shape=shape)
            if shape[0]
            else np.empty(shape, dtype=np.int8)
        )

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def stored(self, row: int) -> NDArray[np.int8]:
        """A passage's token vectors as stored: int8[n, d]."""
        return self._values[self._offsets[row] : self._offsets[row + 1]]

    def scores(self, query: Matrix, rows: Rows) -> NDArray[np.float32]:
        """MaxSim (Khattab & Zaharia 2020), averaged over the query's tokens: float32[len(rows)].

        ``query`` is float32[m, d] of unit rows. For each of them its best cosine among the passage's
        tokens counts.
        """
        if not len(rows):
            return np.empty(0, dtype=np.float32)
        pieces = [self.stored(int(row)) for row in rows]
        starts = np.cumsum([0, *(len(piece) for piece in pieces[:-1])])
        best = np.maximum.reduceat(_expand(pieces) @ query.T, starts, axis=0)
        return np.asarray(best.mean(axis=1), dtype=np.float32)


def _expand(pieces: Iterable[NDArray[np.int8]]) -> Matrix:
    values = np.concatenate(list(pieces)).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    expanded: Matrix = values / np.maximum(lengths, 1.0)
    return expanded
