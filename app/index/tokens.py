"""Token vectors of the passages, few and short, left on the disk: late interaction (MaxSim).

Stored are the tokens that carry content, in DIRECTIONS dimensions of 8 bits: a fifth of what all tokens in
the model's own dimensions would take, without loss on the questions (docs/evaluation.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.index.encoder import normalise
from app.index.lexical import STOP_WORDS
from app.index.rows import Matrix, RowFile, Rows, map_values, members_of

DIRECTIONS = 128
"""As many as ColBERT keeps (Khattab & Zaharia 2020)."""
MAPPED = 64_000_000
"""Bytes of stored vectors that are mapped at most."""
_LEVELS = 127
"""The largest component of a stored vector."""
_REACH = 6.0
"""Components of unit vectors up to so many times their root mean square are told apart; few are larger."""
_WHOLE = np.float32(1 << 16)
"""A question's components are whole numbers, so many to one. Products with stored ones are whole, too, and
their sums below 2**24: exact in whatever order they are added, so that a passage scores the same anywhere."""
_COLUMNS = 16
"""A matrix with a multiple of so many columns is multiplied in half the time of one with a column less."""

_SPECIAL_WEIGHT = 0.2
_STOP_WORD_WEIGHT = 0.1
_PUNCTUATION_WEIGHT = 0.02


@contextmanager
def write_tokens(values: Path, offsets: Path) -> Iterator[Callable[[NDArray[np.int8]], None]]:
    """Gives what writes the next passage, int8[n, m] from ``compress`` or from another generation.

    One after the other, so that a large corpus need not fit in memory.
    """
    ends = [0]
    with values.open("wb") as file:

        def add(stored: NDArray[np.int8]) -> None:
            file.write(np.ascontiguousarray(stored).tobytes())
            ends.append(ends[-1] + len(stored))

        yield add
    offsets.write_bytes(np.array(ends, dtype="<i8").tobytes())


def fit_projection(embeddings: Matrix) -> Matrix:
    """The directions in which words differ most: orthonormal rows, float32[min(d, DIRECTIONS), d].

    The principal components of ``embeddings``, float32[v, d], the model's vectors of its vocabulary before
    any context. They are the model's and not the corpus's, so that vectors outlive a change of the corpus.
    """
    spread = normalise(embeddings - embeddings.mean(axis=0)).astype(np.float64)
    _, vectors = np.linalg.eigh(spread.T @ spread)
    projection = vectors.T[::-1][:DIRECTIONS]
    # Either sign would do; this one is the same everywhere.
    largest = np.take_along_axis(projection, np.abs(projection).argmax(axis=1)[:, None], axis=1)
    return np.asarray(projection * np.sign(largest), dtype="<f4")


def mark_content(vocabulary: Sequence[str]) -> NDArray[np.bool_]:
    """Which tokens carry content, and are no stop word, punctuation or special token: bool[v]."""
    return np.array([not _is_special(t) and _is_word(t) and t not in STOP_WORDS for t in vocabulary])


def _is_special(token: str) -> bool:
    return token[:1] in ("[", "<") and token[-1:] in ("]", ">") and len(token) > len("[]")


def _is_word(token: str) -> bool:
    return any(map(str.isalnum, token))


def quantization_scale(dimension: int) -> float:
    """What a unit vector of so many dimensions is stored times."""
    return _LEVELS / min(1.0, _REACH / math.sqrt(dimension))


def compress(tokens: Matrix, projection: Matrix) -> NDArray[np.int8]:
    """float32[n, d] along ``projection``, as unit vectors times ``quantization_scale``: int8[n, m]."""
    scaled = normalise(tokens @ projection.T) * quantization_scale(len(projection))
    stored: NDArray[np.int8] = np.clip(np.rint(scaled), -_LEVELS, _LEVELS).astype(np.int8)
    return stored


def weigh_tokens(vocabulary: Sequence[str], held: NDArray[np.int64], passages: int) -> NDArray[np.float32]:
    """A weight from 0 to 1 for each token, ``held`` of so many ``passages``: float32[v].

    The inverse document frequency of Robertson & Zaragoza (2009), 1 for a token that no passage holds.
    What says little of a question's subject is held down, however rare it is in the articles.
    """
    idf = np.log1p((passages - held + 0.5) / (held + 0.5))
    weights = idf / np.log1p((passages + 0.5) / 0.5)
    for number, token in enumerate(vocabulary):
        if _is_special(token):
            weights[number] = _SPECIAL_WEIGHT
        elif not _is_word(token):
            weights[number] = min(weights[number], _PUNCTUATION_WEIGHT)
        elif token in STOP_WORDS:
            weights[number] = min(weights[number], _STOP_WORD_WEIGHT)
    return np.asarray(weights, dtype="<f4")


class TokenVectors:
    """The stored token vectors; of those of a question's candidates alone anything is read."""

    def __init__(self, values: Path, offsets: bytes, projection: Matrix) -> None:
        self.offsets: NDArray[np.int64] = np.frombuffer(offsets, dtype="<i8")
        self.projection = projection
        self._across = np.ascontiguousarray(projection.T)  # multiplied by in half the time
        self._scale = np.float32(quantization_scale(len(projection)))
        if self.offsets[-1] * len(projection) > MAPPED:
            file = RowFile(values, len(projection))
            self._read: Callable[[Rows], NDArray[np.int8]] = lambda rows: file.read(rows).view(np.int8)
        else:  # small files are mapped, which is a little quicker
            self._read = map_values(values, "i1").reshape(-1, len(projection)).__getitem__
        """What gives int8[n, m] for n rows."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def stored(self, row: int) -> NDArray[np.int8]:
        """A passage's token vectors as stored: int8[n, m]."""
        return self._read(np.arange(self.offsets[row], self.offsets[row + 1]))

    def best_cosines(self, query: Matrix, rows: Rows) -> Matrix:
        """For each of these passages and each token of the query its best cosine: float32[len(rows), m].

        ``query`` is float32[m, d]. A weighted mean over the query's tokens is MaxSim, the score of late
        interaction (Khattab & Zaharia 2020).
        """
        if not len(rows):
            return np.empty((0, len(query)), dtype=np.float32)
        members, starts = members_of(self.offsets, rows)
        columns = np.zeros((len(self._across.T), -(-len(query) // _COLUMNS) * _COLUMNS), dtype=np.float32)
        columns[:, : len(query)] = np.rint(normalise(query @ self._across).T * _WHOLE)
        products = self._read(members).astype(np.float32) @ columns
        best: Matrix = np.maximum.reduceat(products, starts, axis=0)
        return best[:, : len(query)] / (self._scale * _WHOLE)
