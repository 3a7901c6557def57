"""app/index/vectors.py: cosines by value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import BuildError
from app.index.vectors import EXACT, VectorIndex, choose_kind

VECTORS = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)
EAST = np.array([1, 0], dtype=np.float32)


def test_score_is_the_cosine_and_higher_is_better() -> None:
    rows, cosines = VectorIndex.build(VECTORS).search(EAST, 4)
    assert rows.tolist() == [0, 1, 2, 3]
    assert cosines.tolist() == pytest.approx([1, 0.6, 0, -1])


def test_more_than_there_are_gives_all_there_are() -> None:
    rows, cosines = VectorIndex.build(VECTORS).search(EAST, 1000)
    assert (len(rows), len(cosines)) == (4, 4)


def test_stored_file_gives_the_same_index(tmp_path: Path) -> None:
    VectorIndex.build(VECTORS).write(tmp_path / "vectors")
    index = VectorIndex.open(tmp_path / "vectors")
    assert (len(index), index.dimension, index.searched) == (4, 2, True)
    assert index.vectors(np.arange(4)).tolist() == VECTORS.tolist()
    assert index.vector(1).tolist() == VECTORS[1].tolist()


def test_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        VectorIndex.build(VECTORS).write(Path("/dev/full"))


def make_clustered(count: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(200, 32))
    vectors = centres[rng.integers(0, 200, count)] + rng.normal(0, 0.7, (count, 32))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_kind_is_exact_until_there_are_too_many() -> None:
    assert [choose_kind(count) for count in (100, EXACT, 100_000, 1_000_000)] == [
        "IDMap,Flat",
        "IDMap,Flat",
        "IVF1024,SQfp16",
        "IVF2048,SQfp16",
    ]
    assert choose_kind(100_000, searched=False) == "SQfp16"


def test_many_vectors_are_found_nearly_as_by_comparing_all(tmp_path: Path) -> None:
    vectors = make_clustered(EXACT + 1)
    VectorIndex.build(vectors).write(tmp_path / "vectors")
    index = VectorIndex.open(tmp_path / "vectors")
    exact = np.argsort(-(vectors[:50] @ vectors.T), axis=1)[:, :10]
    found = [set(index.search(vector, 10)[0].tolist()) for vector in vectors[:50]]
    recall = np.mean([len(wanted & set(row.tolist())) / 10 for wanted, row in zip(found, exact, strict=True)])
    assert recall >= 0.98
    assert index.vectors(np.array([7, 3])) == pytest.approx(vectors[[7, 3]], abs=1e-3)


def test_vectors_that_are_only_compared_with_keep_their_cosines(tmp_path: Path) -> None:
    vectors = make_clustered(100)
    built = VectorIndex.build(vectors, "SQfp16")
    built.write(tmp_path / "vectors")
    index = VectorIndex.open(tmp_path / "vectors")
    assert not index.searched
    rows = np.array([5, 6, 7, 9, 0, 99, 98])
    assert index.cosines(vectors[0], rows) == pytest.approx(vectors[rows] @ vectors[0], abs=1e-3)
    assert index.vectors(rows[:0]).shape == (0, 32)
    assert index.vectors(rows).tolist() == built.vectors(rows).tolist()


def test_cosines_are_those_of_the_rows_asked_for() -> None:
    index = VectorIndex.build(VECTORS)
    assert index.cosines(EAST, np.array([3, 1])).tolist() == pytest.approx([-1, 0.6])


def test_cosine_is_the_same_bit_by_bit_however_many_are_compared_and_found() -> None:
    units = np.tile(make_clustered(37), (27, 1))[:997]
    index, query, all_rows = VectorIndex.build(units), units[0], np.arange(997)
    together = index.cosines(query, all_rows)
    assert together == pytest.approx(units @ query, abs=1e-6)
    assert [float(index.cosines(query, all_rows[[row]])[0]) for row in all_rows] == together.tolist()
    assert len(set(together.tolist())) == 37
    rows, cosines = index.search(query, 997)
    assert together[rows].tolist() == cosines.tolist()


def test_of_equal_vectors_the_first_are_found() -> None:
    units = np.tile(make_clustered(7), (50, 1))
    index = VectorIndex.build(units)
    for k in (1, 50, 60, 100, 349, 350):
        rows, cosines = index.search(units[3], k)
        wanted = np.argsort(-index.cosines(units[3], np.arange(350)), kind="stable")[:k]
        assert rows.tolist() == wanted.tolist()
        assert cosines.tolist() == index.cosines(units[3], wanted).tolist()


def test_vector_that_is_not_of_length_one_is_refused_with_the_figure() -> None:
    with pytest.raises(BuildError, match=r"one is off by 1\.0"):
        VectorIndex.build(VECTORS * np.array([[1], [1], [2], [1]], dtype=np.float32))


def test_vector_that_is_no_number_is_refused() -> None:
    with pytest.raises(BuildError):
        VectorIndex.build(np.array([[np.nan, 0]], dtype=np.float32))
