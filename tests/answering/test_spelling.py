"""Slips of the finger, mended against the words of the real corpus."""

from __future__ import annotations

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.search import MENDED, mend_words
from app.index.lexical import Word


@pytest.mark.parametrize(
    ("question", "suggestion"),
    [
        ("why does my baby have siezures", "why does my baby have seizures"),
        ("Twiching legs in sleep", "twitching legs in sleep"),
        ("Magnesum for cramps?", "magnesium for cramps?"),
        ("are the siezures' causes known", "are the seizures' causes known"),
    ],
)
def test_misspelt_word_is_offered_as_the_corpus_spells_it(
    answerer: IndexAnswerer, question: str, suggestion: str
) -> None:
    answer = answerer.answer(question)
    assert (answer.question, answer.suggestion) == (question, suggestion)


@pytest.mark.parametrize(
    "question",
    [
        "is shuddering dangerous?",
        "wet nappy and restless",  # a word of a family
        "dogs and pillows",  # words that the corpus does not know but English does
        "Ibuprofen 100 mg",
        "zzqqx",
        "twitchingtwitchingtwichin",  # longer than any word
    ],
)
def test_word_that_is_right_or_hopeless_is_left_alone(answerer: IndexAnswerer, question: str) -> None:
    assert answerer.answer(question).suggestion is None


class Words:
    """A corpus of these words, the most frequent first; the model knows none besides."""

    vocabulary = ("rocking", "rockiny", "socking")

    def look_up(self, word: str) -> Word:
        return Word((word,), int(word in self.vocabulary), (), weight=0.0)

    def knows(self, _word: str) -> bool:
        return False


def test_most_frequent_of_equally_near_words_is_meant() -> None:
    mended = mend_words(["rockinz", "zocking", "socking"], Words(), Words())  # type: ignore[arg-type]
    assert mended == {"rockinz": "rocking", "zocking": "rocking"}


def test_so_many_unknown_words_are_compared_and_no_more() -> None:
    unknown = [f"rockin{letter}" for letter in "abcdefhijklm"]
    assert list(mend_words(unknown, Words(), Words())) == unknown[:MENDED]  # type: ignore[arg-type]
