"""app/index/lexical.py over a small real FTS5 index."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.index import lexical
from app.index.database import Database
from app.index.lexical import LexicalIndex, find_content_words, find_words

PASSAGES = (
    ("Shuddering", "Shuddering attacks are harmless."),
    ("Fever", "A fever of 100.4°F needs a doctor. Don't wait."),
    ("Sleep", "Babies twitch while they sleep. The baby's legs jerk."),
)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    connection = sqlite3.connect(tmp_path / "words.sqlite")
    connection.executescript(lexical.SCHEMA)
    for row, (heading, body) in enumerate(PASSAGES):
        lexical.add_text(connection, row, heading, body)
    lexical.finish(connection, [("shuddering", 2), ("sleep", 2)])
    connection.commit()
    connection.close()
    return LexicalIndex(Database(tmp_path / "words.sqlite"))


def test_any_form_of_a_word_is_found_with_a_positive_score(index: LexicalIndex) -> None:
    ((row, score),) = index.search(["shudders"], 5)
    assert row == 0
    assert score > 0


def test_passage_with_more_of_the_words_comes_first(index: LexicalIndex) -> None:
    assert [row for row, _ in index.search(["twitch", "jerking", "fever"], 5)] == [2, 1]


def test_heading_can_weigh_more_than_the_body(index: LexicalIndex) -> None:
    plain = dict(index.search(["sleep"], 5))
    weighted = dict(index.search(["sleep"], 5, heading_weight=5.0))
    assert weighted[2] > plain[2]


@pytest.mark.parametrize(
    "word",
    ["don't", "100.4°F", '"', "AND", "NEAR(", "heading:", "*", "-", "^x", "a" * 1000, "'; DROP TABLE words"],
)
def test_no_word_is_read_as_syntax(index: LexicalIndex, word: str) -> None:
    assert isinstance(index.search([word], 5), list)


def test_numbers_and_contractions_are_found(index: LexicalIndex) -> None:
    assert [row for row, _ in index.search(find_words("Is 100.4°F bad?"), 5)] == [1]
    assert [row for row, _ in index.search(["waiting"], 5)] == [1]


def test_stop_words_alone_find_nothing(index: LexicalIndex) -> None:
    assert index.search(["what", "is", "the"], 5) == []


def test_possessives_and_curly_apostrophes_do_not_matter() -> None:
    assert find_words("The Baby’s legs, baby's LEGS: don’t") == [
        "the",
        "baby",
        "legs",
        "baby",
        "legs",
        "don't",
    ]


def test_content_words_are_named_once_in_order() -> None:
    assert find_content_words("Why do the legs jerk, and why the legs?") == ["legs", "jerk"]


def test_word_is_known_in_any_of_its_forms(index: LexicalIndex) -> None:
    assert [index.known(word) for word in ("shudder", "sleeping", "SLEEPS", "car", "don't", "")] == [
        True,
        True,
        True,
        False,
        True,
        False,
    ]


def test_document_frequency_counts_passages(index: LexicalIndex) -> None:
    assert index.document_frequency("babies") == 1
    assert index.document_frequency("a") == 1


def test_words_are_those_that_were_counted(index: LexicalIndex) -> None:
    assert index.words() == {"shuddering": 2, "sleep": 2}
