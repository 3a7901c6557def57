"""Files of values that no longer change, mapped, or rows of one width read where they are wanted.

And rows that belong together: the sentences of a passage, its tokens, what is the same.
"""

from __future__ import annotations

import os
import weakref
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import DamagedGeneration

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


class RowFile:
    """For large files of which each question wants a little in many places.

    Were they mapped, a neighbourhood of every place, up to megabytes, would count as the process's memory,
    and soon all of the file.
    """

    def __init__(self, path: Path, width: int, *, start: int = 0) -> None:
        """``width`` is that of a row and ``start`` where the first begins, both in bytes."""
        self._name, self._width, self._start = path.name, width, start
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)

    def read(self, rows: Rows) -> NDArray[np.uint8]:
        """These rows' bytes, uint8[len(rows), width], those that follow each other read at once.

        Raises DamagedGeneration where the file ends too early.
        """
        found = np.empty((len(rows), self._width), dtype=np.uint8)
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1).tolist()
        read = 0
        for start, end in pairwise([*starts, len(rows)]):
            place = self._start + int(rows[start]) * self._width
            read += os.preadv(self._file, [found[start:end].data], place)
        if read != found.nbytes:
            raise DamagedGeneration(f"{self._name} is damaged: it ends too early.")
        return found


def map_values(path: Path, kind: str) -> NDArray[Any]:
    """All of a file as values of this numpy type, mapped."""
    if not path.stat().st_size:
        return np.empty(0, dtype=kind)  # nothing cannot be mapped
    return np.asarray(np.memmap(path, dtype=kind, mode="r"))


def members_of(offsets: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """The members of these rows, one row's after the other's, and where each row's begin among them.

    The members of row r are those from ``offsets[r]`` up to ``offsets[r + 1]``; each row must have one.
    """
    first = offsets[rows]
    counts = offsets[rows + 1] - first
    ends = counts.cumsum()
    starts = ends - counts
    return np.arange(ends[-1] if len(ends) else 0) + (first - starts).repeat(counts), starts


def run_starts(values: NDArray[Any]) -> Rows:
    """Where in sorted values each begins that differs from the one before.

    numpy's own `unique` takes several times as long for the few values of one question.
    """
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return np.flatnonzero(differs)
