"""Questions put to the real index."""

from __future__ import annotations

from app.answering.answer import IndexAnswerer


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


def test_scores_are_cosines_and_fall(answerer: IndexAnswerer) -> None:
    scores = [match.score for match in answerer.answer("why does my baby kick at night", 10).matches]
    assert len(scores) == 10
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)
