"""Token vectors of the passages, 8 bits a component, mapped from disk: late interaction (MaxSim)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from app.index.lexical import STOP_WORDS

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

LEVELS = 127
"""The largest component of a stored vector."""
EXPANDED_BYTES = 64_000_000
"""Up to so many bytes all vectors are held ready as float32; larger corpora expand what a question needs."""

SPECIAL_WEIGHT = 0.2
STOP_WORD_WEIGHT = 0.1
PUNCTUATION_WEIGHT = 0.02


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


class TokenFrequencies:
    """Counts in how many passages each token stands, and weighs the tokens of questions by it."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._vocabulary = vocabulary
        self._passages = np.zeros(len(vocabulary), dtype=np.int64)

    def add(self, ids: NDArray[np.int64]) -> None:
        """The tokens of one passage."""
        self._passages[np.unique(ids)] += 1

    def weigh(self, count: int) -> NDArray[np.float32]:
        """A weight from 0 to 1 for each token of the vocabulary, of ``count`` passages: float32[v].

        The inverse document frequency of Robertson & Zaragoza (2009), 1 for a token that no passage holds.
        What says little of a question's subject is held down, however rare it is in the articles.
        """
        idf = np.log1p((count - self._passages + 0.5) / (self._passages + 0.5))
        weights = idf / np.log1p((count + 0.5) / 0.5)
        for number, token in enumerate(self._vocabulary):
            if token[:1] in ("[", "<") and token[-1:] in ("]", ">") and len(token) > len("[]"):
                weights[number] = SPECIAL_WEIGHT
            elif not any(map(str.isalnum, token)):
                weights[number] = min(weights[number], PUNCTUATION_WEIGHT)
            elif token in STOP_WORDS:
                weights[number] = min(weights[number], STOP_WORD_WEIGHT)
        return np.asarray(weights, dtype="<f4")


def read_weights(content: bytes) -> NDArray[np.float32]:
    """The tokens' weights as `TokenFrequencies.weigh` gave them: float32[v]."""
    return np.frombuffer(content, dtype="<f4")


class TokenVectors:
    """The stored token vectors, mapped; those of a small corpus are expanded once, others when asked for."""

    def __init__(
        self, values: Path, offsets: bytes, dimension: int, *, expanded_bytes: int = EXPANDED_BYTES
    ) -> None:
        self._offsets: NDArray[np.int64] = np.frombuffer(offsets, dtype="<i8")
        shape = (int(self._offsets[-1]), dimension)
        self._values: NDArray[np.int8] = (
            np.asarray(np.memmap(values, dtype=np.int8, mode="r", shape=shape))
            if shape[0]
            else np.empty(shape, dtype=np.int8)
        )
        small = self._values.size * np.dtype(np.float32).itemsize <= expanded_bytes
        self._units: Matrix | None = _expand(self._values) if small else None

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def stored(self, row: int) -> NDArray[np.int8]:
        """A passage's token vectors as stored: int8[n, d]."""
        return self._values[self._offsets[row] : self._offsets[row + 1]]

    def best_cosines(self, query: Matrix, rows: Rows) -> Matrix:
        """For each of these passages and each token of the query its best cosine: float32[len(rows), m].

        ``query`` is float32[m, d] of unit rows. A weighted mean over the query's tokens is MaxSim, the
        score of late interaction (Khattab & Zaharia 2020).
        """
        if not len(rows):
            return np.empty((0, len(query)), dtype=np.float32)
        bounds = np.cumsum([0, *(self._offsets[rows + 1] - self._offsets[rows])])
        cosines = np.empty((len(query), bounds[-1]), dtype=np.float32)
        # A product for each passage: putting their vectors together first would take longer than that.
        for row, start, end in zip(rows, bounds, bounds[1:], strict=False):
            np.matmul(query, self._expanded(int(row)).T, out=cosines[:, start:end])
        best: Matrix = np.maximum.reduceat(cosines, bounds[:-1], axis=1).T
        return best

    def _expanded(self, row: int) -> Matrix:
        if self._units is None:
            return _expand(self.stored(row))
        return self._units[self._offsets[row] : self._offsets[row + 1]]


def _expand(stored: NDArray[np.int8]) -> Matrix:
    """int8[n, d] -> float32[n, d] of unit rows."""
    values = stored.astype(np.float32)
    values /= np.maximum(np.sqrt(np.einsum("ij,ij->i", values, values))[:, None], 1.0)
    return values
