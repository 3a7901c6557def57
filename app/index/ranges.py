"""Rows that belong together: the sentences of a passage, its tokens, what is the same (pure)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def find_members(offsets: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """The members of these rows, one row's after the other's, and where each row's begin among them.

    The members of row r are those from ``offsets[r]`` up to ``offsets[r + 1]``; each row must have one.
    """
    first = offsets[rows]
    counts = offsets[rows + 1] - first
    ends = counts.cumsum()
    starts = ends - counts
    return np.arange(ends[-1] if len(ends) else 0) + (first - starts).repeat(counts), starts


def find_firsts(values: NDArray[Any]) -> Rows:
    """Where in sorted values each begins that differs from the one before.

    numpy's own `unique` takes several times as long for the few values of one question.
    """
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return np.flatnonzero(differs)
