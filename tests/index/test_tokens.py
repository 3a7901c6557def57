"""app/index/tokens.py: MaxSim by value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.index.tokens import TokenVectors, TokenWriter, compress

FIRST = np.array([[1, 0], [0, 1]], dtype=np.float32)
SECOND = np.array([[0.6, 0.8]], dtype=np.float32)


@pytest.fixture
def tokens(tmp_path: Path) -> TokenVectors:
    with TokenWriter(tmp_path / "values", tmp_path / "offsets") as writer:
        writer.add(compress(FIRST))
        writer.add(compress(SECOND))
    return TokenVectors(tmp_path / "values", (tmp_path / "offsets").read_bytes(), 2)


def test_best_cosine_of_each_query_token_is_averaged(tokens: TokenVectors) -> None:
    query = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    scores = tokens.scores(query, np.array([0, 1]))
    assert scores.tolist() == pytest.approx([(1 + 0.8) / 2, (0.6 + 1) / 2], abs=0.005)


def test_rows_are_scored_in_the_order_asked_for(tokens: TokenVectors) -> None:
    query = np.array([[1, 0]], dtype=np.float32)
    assert tokens.scores(query, np.array([1, 0])).tolist() == pytest.approx([0.6, 1], abs=0.005)


def test_no_rows_have_no_scores(tokens: TokenVectors) -> None:
    assert tokens.scores(FIRST, np.array([], dtype=np.int64)).tolist() == []


def test_largest_component_uses_all_eight_bits() -> None:
    assert compress(SECOND).tolist() == [[95, 127]]


def test_compressed_unit_vectors_keep_their_cosines_to_a_thousandth() -> None:
    rng = np.random.default_rng(1)
    units = rng.normal(size=(200, 384)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    stored = compress(units).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    assert float((stored * units).sum(axis=1).min()) > 0.999
