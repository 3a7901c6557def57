"""Slips of the finger, mended against the words of the real corpus."""

from __future__ import annotations

import pytest

from app.answering.answer import IndexAnswerer


@pytest.mark.parametrize(
    ("question", "suggestion"),
    [
        ("why does my baby have siezures", "why does my baby have seizures"),
        ("twiching legs in sleep", "twitching legs in sleep"),
        ("Magnesum for cramps?", "magnesium for cramps?"),
    ],
)
def test_misspelt_word_is_offered_as_the_corpus_spells_it(
    answerer: IndexAnswerer, question: str, suggestion: str
) -> None:
    assert answerer.search.spelling.suggest(question) == suggestion


@pytest.mark.parametrize(
    "question",
    [
        "is shuddering dangerous?",
        "wet nappy and restless",  # a word of a family
        "dogs and pillows",  # words that the corpus does not know but English does
        "Ibuprofen 100 mg",
        "zzqqx",
    ],
)
def test_word_that_is_right_or_hopeless_is_left_alone(answerer: IndexAnswerer, question: str) -> None:
    assert answerer.search.spelling.suggest(question) is None


def test_suggestion_is_never_put_into_the_question(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("twiching legs in sleep")
    assert answer.question == "twiching legs in sleep"
    assert answer.suggestion == "twitching legs in sleep"
