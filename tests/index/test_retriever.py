"""app/index/retriever.py: what each retriever proposes, over passages of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.index.postings import Postings, PostingsWriter, Term
from app.index.retriever import PROPOSED, Asked, LocalRetriever
from app.index.rows import Rows
from app.index.tokens import TokenVectors, compress, write_tokens
from app.index.vectors import VectorIndex

PASSAGES = 400
EAST = np.array([1, 0], dtype=np.float32)
BY_SENTENCE = range(200, 210)
"""Passages that are far from EAST, but for their last sentence."""
BY_WORD = (5, *range(300, 305))
"""Those that hold the first term; the second one is held by all from 100 on."""


def point(angles: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalRetriever, list[Term]]:
    """Passages ever farther from EAST, each with one to three sentences, the first as far as itself."""
    folder = tmp_path_factory.mktemp("made")
    angles = np.linspace(0.01, 3, PASSAGES)
    sentences, offsets = [], [0]
    for row, angle in enumerate(angles):
        own = [angle, 3.1, 3.1][: 1 + row % 3]
        if row in BY_SENTENCE:
            own[-1] = 0.001 * row
        sentences += own
        offsets.append(len(sentences))
    words = PostingsWriter(folder / "rows", folder / "impacts")
    with write_tokens(folder / "tokens", folder / "offsets") as write:
        for row, vector in enumerate(point(angles)):
            write(compress(vector[None], np.eye(2, dtype=np.float32)))
            words.add([[1] * (row in BY_WORD) + [2] * (row >= 100) + [3] * (row - 90)])
    terms = words.finish(np.array([1, 2, 3]), {}, np.ones(4))
    words.close()
    retriever = LocalRetriever(
        VectorIndex.build(point(angles)),
        VectorIndex.build(point(np.array(sentences))),
        np.array(offsets),
        TokenVectors(folder / "tokens", (folder / "offsets").read_bytes(), np.eye(2, dtype=np.float32)),
        Postings(folder / "rows", folder / "impacts"),
    )
    return retriever, terms


def ask(*terms: Term) -> Asked:
    return Asked(EAST, EAST[None], terms, tuple((term,) for term in terms))


def cosine(row: int) -> float:
    return float(np.cos(np.linspace(0.01, 3, PASSAGES)[row]))


def test_each_retriever_proposes_its_best_among_more_passages_than_one_may(
    made: tuple[LocalRetriever, list[Term]],
) -> None:
    retriever, terms = made
    found = retriever.propose(ask(terms[0]))
    near = range(PROPOSED)
    assert found.rows.tolist() == sorted({*near, *BY_SENTENCE, *BY_WORD})
    assert found.passages.tolist() == pytest.approx([cosine(row) for row in found.rows], abs=1e-6)
    assert found.rows[found.bm25 > 0].tolist() == list(BY_WORD)
    assert found.bm25.dtype == np.float32
    for row, best, score in zip(found.rows, found.best_sentences, found.sentences, strict=True):
        last = row in BY_SENTENCE
        assert best == (row % 3 if last else 0)
        assert score == pytest.approx(np.cos(0.001 * row) if last else cosine(row), abs=1e-6)


def test_no_retriever_proposes_more_than_its_share(made: tuple[LocalRetriever, list[Term]]) -> None:
    """All passages from 100 on hold the second term, the shorter ones first."""
    retriever, terms = made
    found = retriever.propose(ask(terms[1]))
    assert found.rows[found.bm25 > 0].tolist() == list(range(100, 100 + PROPOSED))
    assert (np.diff(found.bm25[(found.rows >= 100) & (found.bm25 > 0)]) < 0).all()


def test_sentences_propose_their_passages_with_their_cosines_where_they_are_searched(
    made: tuple[LocalRetriever, list[Term]],
) -> None:
    retriever, _ = made
    rows, scores = retriever.search_sentences(EAST)
    assert len(rows) == PROPOSED
    assert rows[:2].tolist() == [0, 1]
    assert {*BY_SENTENCE} <= set(rows.tolist())
    assert scores[:2].tolist() == pytest.approx([cosine(0), cosine(1)], abs=1e-6)
    compared_only = VectorIndex.build(point(np.linspace(0, 3, 500)), "SQfp16")
    large = LocalRetriever(compared_only, compared_only, np.arange(501), None, None)  # type: ignore[arg-type]
    rows, scores = large.search_sentences(EAST)
    assert (rows.shape, scores.shape, rows.dtype, scores.dtype) == ((0,), (0,), np.int64, np.float32)


@pytest.mark.parametrize("rows", [(3, 150, 151), (3, 398, 399)])
def test_of_one_article_every_passage_is_a_candidate_with_its_words(
    made: tuple[LocalRetriever, list[Term]], rows: tuple[int, int, int]
) -> None:
    """However many better passages others have."""
    retriever, terms = made
    inside: Rows = np.array(rows)
    found = retriever.propose(ask(terms[1]), inside)
    assert found.rows.tolist() == list(rows)
    of = dict(zip(*(part.tolist() for part in retriever.postings.search(terms[1:2], 1000)), strict=True))
    assert found.bm25.tolist() == [0, of[rows[1]], of[rows[2]]]


def test_of_few_passages_every_one_is_a_candidate(made: tuple[LocalRetriever, list[Term]]) -> None:
    few = VectorIndex.build(point(np.linspace(0, 3, 50)))
    small = LocalRetriever(few, few, np.arange(51), made[0].tokens, made[0].postings)
    found = small.propose(ask())
    assert found.rows.tolist() == list(range(50))
    assert found.passages.tolist() == found.sentences.tolist()


def test_compared_are_the_passages_asked_for_in_their_order(made: tuple[LocalRetriever, list[Term]]) -> None:
    retriever, terms = made
    tokens, vectors, held = retriever.compare(ask(*terms[:2]), np.array([300, 5, 1]))
    assert held.dtype == np.bool_
    assert held.tolist() == [[True, True], [True, False], [False, False]]
    cosines = [cosine(row) for row in (300, 5, 1)]
    assert tokens[:, 0].tolist() == pytest.approx(cosines, abs=0.01)
    assert vectors[:, 0].tolist() == pytest.approx(cosines, abs=1e-6)
    assert retriever.cosines(EAST, np.array([5, 300])).tolist() == pytest.approx(
        [cosine(5), cosine(300)], abs=1e-6
    )


def test_files_of_a_generation_are_searched_together(answerer: IndexAnswerer) -> None:
    index, words = answerer.index, ("shuddering", "attacks", "harmless")
    encoding, terms = (
        index.encoder.encode(" ".join(words)),
        [index.lexical.look_up(one).terms for one in words],
    )
    asked = Asked(encoding.vector, encoding.tokens, index.lexical.terms_of(words), tuple(terms))
    retriever = LocalRetriever.open(index.generation)
    found = retriever.propose(asked)
    place = int(found.passages.argmax())
    passage = index.store.passage_at(int(found.rows[place]))
    assert "a rare and harmless condition" in passage.text
    start, end = passage.sentences[found.best_sentences[place]]
    assert "attacks" in passage.text[start - passage.start : end - passage.start]
    assert found.bm25[place] > np.median(found.bm25)
    tokens, vectors, held = retriever.compare(asked, found.rows[[place]])
    assert vectors[0] @ asked.vector == pytest.approx(found.passages[place], abs=1e-5)
    assert tokens[0].min() > 0.4
    assert held.tolist() == [[True, True, True]]
