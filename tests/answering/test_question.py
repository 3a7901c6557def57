"""What counts as a question, and how the retrievers see it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.question import check_question, make_searchable
from app.errors import QuestionError
from app.evaluation.questions import read_questions
from app.settings import Settings

MARKS = "'\"-:?(*°"


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("Is shuddering dangerous?", "Is shuddering dangerous."),
        ("is shuddering dangerous", "is shuddering dangerous."),
        ("is 'shuddering' \"dangerous\" ??", "is shuddering dangerous."),
        ("my baby's legs - (both) * shake: why", "my baby's legs both shake why."),
        ("fever of 38.5°C, 5/6 weeks, co-sleeping", "fever of 38.5°C 5/6 weeks co-sleeping."),
        ("normal?my baby", "normal my baby."),
        ("°", "°"),
        ("?", "?"),
        ("赤ちゃん 👶 shakes", "赤ちゃん shakes."),
        ('NEAR("a" OR b*) AND body:c', "NEAR a OR b AND body c."),
    ],
)
def test_retrievers_see_words_without_stray_punctuation(question: str, seen: str) -> None:
    assert make_searchable(question) == seen
    assert make_searchable(seen) == seen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "question_empty"),
        (" \t\n ", "question_empty"),
        ("\u200b\u200d\ufeff", "question_empty"),
        ("\u0301" * 10_000, "question_too_long"),
        ("\u3164\u2800", "question_empty"),
        ("a" * 1001, "question_too_long"),
        ("a\x00", "control_characters"),
        ("a\x1b[2J", "control_characters"),
        ("a\nb", "control_characters"),
        ("\u202ea", "control_characters"),
        ("a\ud800", "control_characters"),
        ("a\ufdd0", "control_characters"),
    ],
)
def test_what_is_no_question_is_refused(text: str, code: str) -> None:
    with pytest.raises(QuestionError) as refused:
        check_question(text)
    assert refused.value.code == code


def test_length_is_counted_after_composing() -> None:
    assert check_question("e\u0301" * 1000) == "é" * 1000


def sprinkle(question: str, chance: random.Random) -> str:
    """Marks before, behind and between words, and another case."""
    words = question.split()
    for place in chance.choices(range(len(words)), k=3):
        mark, word = chance.choice(MARKS), words[place]
        words[place] = chance.choice([f"{mark}{word}", f"{word}{mark}", f"{word} {mark}"])
    return chance.choice([str.lower, str.upper, str.title, str])(" ".join(words))


def make_pairs(settings: Settings, count: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(5)  # noqa: S311 - the same pairs every time
    paths = sorted(settings.questions_dir.glob("*.jsonl"))
    asked = [question.question for path in paths for question in read_questions(path)]
    for question in chance.choices(asked, k=count):
        yield question, sprinkle(question, chance)


def test_retrievers_see_the_same_words_whatever_the_punctuation_and_case(settings: Settings) -> None:
    seen = [(make_searchable(a).lower(), make_searchable(b).lower()) for a, b in make_pairs(settings, 500)]
    assert sum(a == b for a, b in seen) / len(seen) >= 0.99


@pytest.mark.parametrize("count", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_punctuation_and_case_do_not_change_the_first_passage(
    answerer: IndexAnswerer, settings: Settings, count: int
) -> None:
    pairs = make_pairs(settings, count)
    same = [answerer.search.rank(a).rows[0] == answerer.search.rank(b).rows[0] for a, b in pairs]
    assert sum(same) / len(same) >= 0.99
