"""Candidates, fusion and selection over the real index."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.answering.search import NEAR_DUPLICATE, Ranking, Search, Weights
from app.index.encoder import normalise
from app.index.tokens import DIRECTIONS, quantization_scale
from app.settings import ROOT, Settings
from tests.generations import publish_again


def test_score_is_the_weighted_sum_of_four(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("can cold air make legs jump")
    expected = 2.0 * ranking.late + 1.2 * ranking.passages + 0.4 * ranking.sentences + 0.06 * ranking.lexical
    np.testing.assert_allclose(ranking.scores, expected, atol=1e-6)


def test_late_interaction_is_the_weighted_mean_of_the_tokens_best_cosines(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("can cold air make legs jump")
    encoding = ranking.encoding
    weights = answerer.index.token_weights[encoding.ids]
    stored = answerer.index.tokens.stored(int(ranking.rows[0])) / quantization_scale(DIRECTIONS)
    projection = answerer.index.tokens.projection
    best = (normalise(encoding.tokens @ projection.T) @ stored.T).max(axis=1)
    assert ranking.late[0] == pytest.approx(float(best @ weights / weights.sum()), abs=1e-5)


def test_best_sentence_is_the_passages_sentence_nearest_to_the_question(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("can cold air make legs jump")
    first, last = answerer.index.retriever.sentence_offsets[ranking.rows[0] : ranking.rows[0] + 2]
    cosines = answerer.index.sentences.vectors(np.arange(first, last)) @ ranking.encoding.vector
    assert ranking.sentences[0] == pytest.approx(float(cosines.max()), abs=1e-6)
    match = answerer.search.match(ranking, 0)
    ((start, _),) = match.highlights
    assert match.passage.start + start == match.passage.sentences[int(cosines.argmax())][0]


def test_every_passage_of_a_small_corpus_is_a_candidate(answerer: IndexAnswerer) -> None:
    everything = len(answerer.index.passages)
    ranking = Search(answerer.index, rescored=everything).rank("can cold air make legs jump")
    assert sorted(ranking.rows.tolist()) == list(range(everything))


def test_another_word_of_the_family_finds_the_passage(answerer: IndexAnswerer) -> None:
    rows, scores = answerer.index.retriever.postings.search(answerer.index.lexical.terms_of(["nappy"]), 5)
    texts = [answerer.index.store.passage_at(int(row)).text for row in rows]
    assert texts
    assert all("diaper" in text.lower() for text in texts)
    assert list(scores) == sorted(scores, reverse=True)
    assert scores.min() > 0


def test_near_duplicates_and_third_passages_of_a_section_are_left_out(answerer: IndexAnswerer) -> None:
    row_of = {one.id: row for row, (_, one) in enumerate(answerer.index.store.passage_rows())}
    for question in ("can cold cause spasms", "what causes twitching", "when should I see a doctor"):
        answer = answerer.answer(question, 10)
        matches = answer.matches or answer.closest
        assert len(matches) > 2
        rows = np.array([row_of[match.passage.id] for match in matches])
        vectors = answerer.index.passages.vectors(rows)
        cosines = vectors @ vectors.T - np.eye(len(rows))
        assert cosines.max() <= NEAR_DUPLICATE + 1e-6
        sections = [(match.article.slug, match.passage.section) for match in matches]
        assert max(map(sections.count, sections)) <= 2


@pytest.fixture
def everything(answerer: IndexAnswerer) -> Ranking:
    """All passages in the order of the store, none of which says what another says."""
    ranking = answerer.search.rank("what causes twitching")
    count = len(answerer.index.passages)
    return replace(ranking, rows=np.arange(count), vectors=np.eye(count, dtype=np.float32))


def test_two_passages_of_a_section_are_chosen_and_no_third(
    answerer: IndexAnswerer, everything: Ranking
) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    expected = []
    for row in everything.rows.tolist():
        passage = answerer.index.store.passage_at(row)
        section = (passage.article, *passage.section)
        seen[section] += 1
        expected += [row] * (seen[section] <= 2)
    assert max(seen.values()) > 2
    assert answerer.search.select(everything, 1000) == tuple(expected)
    assert answerer.search.select(everything, 7) == tuple(expected[:7])


@pytest.mark.parametrize(("cosine", "second"), [(0.94, (1,)), (0.96, ())])
def test_passage_that_says_nearly_the_same_as_a_better_one_is_not_chosen(
    answerer: IndexAnswerer, everything: Ranking, cosine: float, second: tuple[int, ...]
) -> None:
    everything.vectors[1, :2] = cosine, np.sqrt(1 - cosine**2)
    assert answerer.search.select(everything, 3)[: 1 + len(second)] == (0, *second)
    assert (1 in answerer.search.select(everything, 1000)) is bool(second)


def test_rescoring_few_gives_the_order_of_rescoring_all(answerer: IndexAnswerer) -> None:
    every = Search(answerer.index, rescored=len(answerer.index.passages))
    lines = (ROOT / "tests" / "questions" / "dev.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[::3]]
    same = [
        answerer.search.rank(question).rows[:3].tolist() == every.rank(question).rows[:3].tolist()
        for question in questions
    ]
    assert sum(same) >= 0.95 * len(same)


def test_weights_of_one_retriever_give_its_order(answerer: IndexAnswerer) -> None:
    search = Search(answerer.index, weights=Weights(late=0, sentence=0, lexical=0, passage=1))
    ranking = search.rank("is shuddering dangerous?")
    assert list(ranking.passages) == sorted(ranking.passages, reverse=True)


def test_question_of_stop_words_alone_still_ranks(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("what is it")
    assert ranking.words == ()
    assert not ranking.lexical.any()


def test_question_to_one_article_ranks_its_passages_alone(answerer: IndexAnswerer) -> None:
    slug = "baby-restless-legs"
    ranking = answerer.search.rank("is shuddering dangerous?", slug)
    assert {*ranking.rows.tolist()} <= {*answerer.index.store.rows_of(slug)}


def test_word_that_is_misspelt_is_looked_for_as_it_is_meant_and_told(answerer: IndexAnswerer) -> None:
    question = "Is Shudering dangerous?"
    ranking = answerer.search.rank(question)
    assert ranking.words == ("shuddering", "dangerous")
    assert answerer.search.suggest(ranking, question) == "Is shuddering dangerous?"


def test_passages_of_an_article_in_another_language_are_no_candidates(
    answerer: IndexAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = answerer.answer("is shuddering dangerous?").matches[0].article.slug
    monkeypatch.setattr(type(answerer.index.store), "foreign", lambda _store: (slug,))
    found = Search(answerer.index).rank("is shuddering dangerous?").rows
    assert found.size
    assert {*found.tolist()} & {*answerer.index.store.rows_of(slug)} == set()


@pytest.mark.processes
@pytest.mark.usefixtures("model")
def test_an_article_in_another_language_is_answered_from_only_where_it_is_named(
    own_settings: Settings,
) -> None:
    corpus = own_settings.corpus_dir
    (corpus / "zuckungen.txt").write_text(
        "Zuckungen bei Babys\n\nViele Babys zucken im Schlaf, und das ist in den meisten Fällen harmlos. "
        "Wenn Sie das Bein halten, hört die Zuckung auf.\n",
        encoding="utf-8",
    )
    (corpus / "zuckungen.toml").write_text(
        'title = "Zuckungen bei Babys"\npublisher = "P"\nurl = "https://example.org/z"\n'
        'retrieved = 2026-01-01\nrights = "R"\nlanguage = "de-AT"\n'
    )
    publish_again(own_settings)
    answerer = open_answerer(own_settings)
    question = "Viele Babys zucken im Schlaf, ist das harmlos?"
    (row,) = answerer.index.store.rows_of("zuckungen")
    assert row not in answerer.search.rank(question).rows
    assert answerer.search.rank(question, "zuckungen").rows.tolist() == [row]
    assert answerer.article("zuckungen").language == "de-AT"
