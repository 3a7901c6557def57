"""app/index/vectors.py: cosines by value."""

from __future__ import annotations

import numpy as np
import pytest

from app.errors import BuildError
from app.index.vectors import VectorIndex

VECTORS = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)
EAST = np.array([1, 0], dtype=np.float32)


def test_score_is_the_cosine_and_higher_is_better() -> None:
    rows, cosines = VectorIndex.build(VECTORS).search(EAST, 4)
    assert rows.tolist() == [0, 1, 2, 3]
    assert cosines.tolist() == pytest.approx([1, 0.6, 0, -1])


def test_more_than_there_are_gives_all_there_are() -> None:
    rows, cosines = VectorIndex.build(VECTORS).search(EAST, 1000)
    assert (len(rows), len(cosines)) == (4, 4)


def test_stored_bytes_give_the_same_index() -> None:
    index = VectorIndex.from_bytes(VectorIndex.build(VECTORS).to_bytes())
    assert (len(index), index.dimension) == (4, 2)
    assert index.vectors(np.arange(4)).tolist() == VECTORS.tolist()
    assert index.vector(1).tolist() == VECTORS[1].tolist()


def test_cosines_are_those_of_the_rows_asked_for() -> None:
    index = VectorIndex.build(VECTORS)
    assert index.cosines(EAST, np.array([3, 1])).tolist() == pytest.approx([-1, 0.6])


def test_cosines_of_few_and_of_many_rows_are_the_same() -> None:
    rng = np.random.default_rng(1)
    units = rng.normal(size=(64, 8)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    index, all_rows = VectorIndex.build(units), np.arange(64)
    many = index.cosines(units[0], all_rows)
    assert many.tolist() == pytest.approx((units @ units[0]).tolist(), abs=1e-6)
    assert [float(index.cosines(units[0], np.array([row]))[0]) for row in all_rows] == pytest.approx(
        many.tolist(), abs=1e-6
    )


def test_vector_that_is_not_of_length_one_is_refused_with_the_figure() -> None:
    with pytest.raises(BuildError, match=r"one is off by 1\.0"):
        VectorIndex.build(VECTORS * np.array([[1], [1], [2], [1]], dtype=np.float32))


def test_vector_that_is_no_number_is_refused() -> None:
    with pytest.raises(BuildError):
        VectorIndex.build(np.array([[np.nan, 0]], dtype=np.float32))
