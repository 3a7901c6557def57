"""app/index/tokens.py: MaxSim by value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.index.tokens import (
    DIRECTIONS,
    TokenVectors,
    compress,
    fit_projection,
    mark_content,
    quantization_scale,
    write_tokens,
)

FIRST = np.array([[1, 0], [0, 1]], dtype=np.float32)
SECOND = np.array([[0.6, 0.8]], dtype=np.float32)
AS_THEY_ARE = np.eye(2, dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, bytes]:
    with write_tokens(tmp_path / "values", tmp_path / "offsets") as write:
        write(compress(FIRST, AS_THEY_ARE))
        write(compress(SECOND, AS_THEY_ARE))
    return tmp_path / "values", (tmp_path / "offsets").read_bytes()


@pytest.fixture
def tokens(files: tuple[Path, bytes]) -> TokenVectors:
    return TokenVectors(*files, AS_THEY_ARE)


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


def test_large_files_are_read_and_give_the_same(
    files: tuple[Path, bytes], tokens: TokenVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.index.tokens.MAPPED", 0)
    read, rows = TokenVectors(*files, AS_THEY_ARE), np.array([1, 0])
    assert read.best_cosines(FIRST, rows).tolist() == tokens.best_cosines(FIRST, rows).tolist()
    assert read.stored(0).tolist() == tokens.stored(0).tolist()


def test_no_passages_have_no_cosines(tokens: TokenVectors) -> None:
    assert tokens.best_cosines(FIRST, np.array([], dtype=np.int64)).shape == (0, 2)


def test_components_are_stored_at_one_scale_and_the_largest_are_cut() -> None:
    assert compress(SECOND * 7, AS_THEY_ARE).tolist() == [[76, 102]]
    peak = np.zeros((1, DIRECTIONS), dtype=np.float32)
    peak[0, :2] = 0.8, -0.6
    stored = compress(peak, np.eye(DIRECTIONS, dtype=np.float32))
    assert stored[0, :3].tolist() == [127, -127, 0]
    assert quantization_scale(DIRECTIONS) == pytest.approx(127 / (6 / DIRECTIONS**0.5))


def test_compressed_unit_vectors_keep_their_cosines_to_a_few_thousandths() -> None:
    rng = np.random.default_rng(1)
    units = rng.normal(size=(200, 384)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    stored = compress(units, np.eye(384, dtype=np.float32)) / quantization_scale(384)
    assert np.abs((stored * units).sum(axis=1) - 1).max() < 0.003
    assert np.abs(stored @ units.T - units @ units.T).max() < 0.005


def test_any_number_of_query_tokens_is_compared(tokens: TokenVectors) -> None:
    query = np.tile(FIRST[:1], (17, 1))
    assert tokens.best_cosines(query, np.array([0, 1])).shape == (2, 17)
    assert tokens.best_cosines(query, np.array([1]))[0].tolist() == pytest.approx([0.6] * 17, abs=0.005)


def test_passage_has_the_same_cosines_bit_by_bit_whatever_it_is_compared_beside(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    directions = np.eye(DIRECTIONS, dtype=np.float32)
    with write_tokens(tmp_path / "values", tmp_path / "offsets") as write:
        for count in range(1, 40):
            write(compress(rng.normal(size=(count, DIRECTIONS)).astype(np.float32), directions))
    tokens = TokenVectors(tmp_path / "values", (tmp_path / "offsets").read_bytes(), directions)
    query = rng.normal(size=(11, DIRECTIONS)).astype(np.float32)
    together = tokens.best_cosines(query, np.arange(39))
    assert [tokens.best_cosines(query, np.array([row]))[0].tolist() for row in range(39)] == together.tolist()


def test_vectors_are_compared_along_the_directions_alone(tmp_path: Path) -> None:
    along = np.array([[0, 1, 0], [0, 0, 1]], dtype=np.float32)
    with write_tokens(tmp_path / "values", tmp_path / "offsets") as write:
        write(compress(np.array([[0.9, 0.3, 0.4]], dtype=np.float32), along))
    tokens = TokenVectors(tmp_path / "values", (tmp_path / "offsets").read_bytes(), along)
    query = np.array([[-0.9, 0.6, 0.8], [1, 0.5, 0]], dtype=np.float32)
    assert tokens.best_cosines(query, np.array([0])).tolist() == [pytest.approx([1, 0.6], abs=0.005)]


def test_directions_are_those_in_which_words_differ_most() -> None:
    rng = np.random.default_rng(1)
    spread = np.where(np.arange(300) < DIRECTIONS, 3, 0.3)
    embeddings = (rng.normal(size=(1000, 300)) * spread + 5).astype(np.float32)
    projection = fit_projection(embeddings)
    assert projection.shape == (DIRECTIONS, 300)
    assert np.abs(projection @ projection.T - np.eye(DIRECTIONS)).max() < 1e-5
    assert np.square(projection[:, :DIRECTIONS]).sum() > 0.9 * DIRECTIONS


def test_stop_words_punctuation_and_special_tokens_carry_no_content() -> None:
    vocabulary = ["[CLS]", "baby", "the", ",", "##s", "<s>", "38", "[", "when"]
    kept = [token for token, content in zip(vocabulary, mark_content(vocabulary), strict=True) if content]
    assert kept == ["baby", "##s", "38"]
