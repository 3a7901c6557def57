"""app/index/tokens.py: MaxSim by value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.index.tokens import TokenVectors, TokenWriter, compress

FIRST = np.array([[1, 0], [0, 1]], dtype=np.float32)
SECOND = np.array([[0.6, 0.8]], dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, bytes]:
    with TokenWriter(tmp_path / "values", tmp_path / "offsets") as writer:
        writer.add(compress(FIRST))
        writer.add(compress(SECOND))
    return tmp_path / "values", (tmp_path / "offsets").read_bytes()


@pytest.fixture
def tokens(files: tuple[Path, bytes]) -> TokenVectors:
    return TokenVectors(*files, 2)


def test_each_query_token_has_its_best_cosine_in_each_passage(tokens: TokenVectors) -> None:
    query = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    best = tokens.best_cosines(query, np.array([0, 1]))
    assert best.tolist() == [pytest.approx([1, 0.8], abs=0.005), pytest.approx([0.6, 1], abs=0.005)]


def test_passages_are_compared_in_the_order_asked_for(tokens: TokenVectors) -> None:
    query = np.array([[1, 0]], dtype=np.float32)
    assert tokens.best_cosines(query, np.array([1, 0])).tolist() == [
        pytest.approx([0.6], abs=0.005),
        pytest.approx([1], abs=0.005),
    ]


def test_no_passages_have_no_cosines(tokens: TokenVectors) -> None:
    assert tokens.best_cosines(FIRST, np.array([], dtype=np.int64)).shape == (0, 2)


def test_vectors_expanded_once_compare_as_those_expanded_when_asked_for(files: tuple[Path, bytes]) -> None:
    query, rows = np.array([[1, 0], [0.6, 0.8], [0, -1]], dtype=np.float32), np.array([1, 0])
    ready, mapped = TokenVectors(*files, 2), TokenVectors(*files, 2, expanded_bytes=0)
    assert ready.best_cosines(query, rows).tolist() == mapped.best_cosines(query, rows).tolist()


def test_largest_component_uses_all_eight_bits() -> None:
    assert compress(SECOND).tolist() == [[95, 127]]


def test_compressed_unit_vectors_keep_their_cosines_to_a_thousandth() -> None:
    rng = np.random.default_rng(1)
    units = rng.normal(size=(200, 384)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    stored = compress(units).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    assert float((stored * units).sum(axis=1).min()) > 0.999
