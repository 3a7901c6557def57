"""Questions put to the real index."""

from __future__ import annotations

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.search import RESCORED
from app.errors import NotFound


def test_first_passage_is_the_one_that_answers_and_is_verbatim(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("  is shuddering dangerous? ")
    first = answer.matches[0]
    assert answer.question == "is shuddering dangerous?"
    assert first.article.slug == "baby-leg-twitching-while-sleeping"
    assert first.passage.section[-1] == "What is baby shudder syndrome?"
    assert first.article.text[first.passage.start : first.passage.end] == first.passage.text


def test_highlight_is_one_sentence_of_the_passage(answerer: IndexAnswerer) -> None:
    first = answerer.answer("is shuddering dangerous?").matches[0]
    ((start, end),) = first.highlights
    assert first.passage.text[start:end] == (
        "Shuddering attacks (SA) are a rare and harmless condition that affects infants and young children."
    )


def test_scores_are_cosines_of_question_and_passage(answerer: IndexAnswerer) -> None:
    question = "why does my baby kick at night?"
    vector = answerer.rank(question).encoding.vector
    seen = answerer.index.encoder.encode("why does my baby kick at night.").vector
    assert vector == pytest.approx(seen, abs=1e-6)
    row_of = {one.id: row for row, (_, one) in enumerate(answerer.index.store.passage_rows())}
    for match in answerer.answer(question, 10).matches:
        row = row_of[match.passage.id]
        assert match.score == pytest.approx(float(vector @ answerer.index.passages.vector(row)), abs=1e-6)


def test_candidates_fall_in_score(answerer: IndexAnswerer) -> None:
    scores = answerer.search.rank("why does my baby kick at night").scores
    assert len(scores) == RESCORED
    assert list(scores) == sorted(scores, reverse=True)


def test_emergency_is_noticed_whatever_the_articles_answer(answerer: IndexAnswerer) -> None:
    assert answerer.answer("my baby is not breathing and his legs jerk").urgent
    assert not answerer.answer("is shuddering dangerous?").urgent


def test_one_article_alone_is_asked_and_all_of_it(answerer: IndexAnswerer) -> None:
    question = "can low iron make legs restless"
    whole = answerer.answer(question, 20)
    for article in answerer.articles():
        answer = answerer.answer(question, 20, article.slug)
        found = [match.passage for match in (*answer.matches, *answer.closest)]
        assert {passage.article for passage in found} <= {article.slug}
        here = [match.passage for match in (*whole.matches, *whole.closest) if match.article == article]
        assert found[:1] == here[:1] or not (found and here)
        if article == whole.matches[0].article:
            assert found[0] == whole.matches[0].passage
    with pytest.raises(NotFound):
        answerer.answer(question, 5, "no-such-article")
