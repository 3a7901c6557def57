"""app/index/lexical.py over a small real FTS5 index."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.index import lexical
from app.index.database import Database
from app.index.lexical import Families, LexicalIndex, find_content_words, find_words

PASSAGES = (
    ("Shuddering", "Shuddering attacks are harmless."),
    ("Fever", "A fever of 100.4°F needs a doctor. Don't wait."),
    ("Sleep", "Babies twitch while they sleep. The baby's legs jerk."),
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    connection = sqlite3.connect(tmp_path / "words.sqlite")
    connection.executescript(f"CREATE TABLE passages (row); {lexical.SCHEMA}")
    families = Families.read()
    for row, (heading, body) in enumerate(PASSAGES):
        connection.execute("INSERT INTO passages VALUES (?)", (row,))
        lexical.add_text(connection, row, heading, body, families)
    lexical.finish(connection, [("shuddering", 2), ("sleep", 2)], families)
    connection.commit()
    connection.close()
    return Database(tmp_path / "words.sqlite")


@pytest.fixture
def index(database: Database) -> LexicalIndex:
    return LexicalIndex(database)


def find_rows(index: LexicalIndex, *words: str) -> list[int]:
    return index.search(words, 5)[0].tolist()


def test_any_form_of_a_word_is_found_with_a_positive_score(index: LexicalIndex) -> None:
    rows, scores = index.search(["fevers"], 5)
    assert rows.tolist() == [1]
    assert scores[0] > 0


def test_passage_with_more_of_the_words_comes_first(index: LexicalIndex) -> None:
    assert find_rows(index, "asleep", "leg", "doctor") == [2, 1]


@pytest.mark.parametrize(
    "word",
    ["don't", "100.4°F", '"', "AND", "NEAR(", "heading:", "*", "-", "^x", "a" * 1000, "'; DROP TABLE words"],
)
def test_no_word_is_read_as_syntax(index: LexicalIndex, word: str) -> None:
    rows, scores = index.search([word], 5)
    assert len(rows) == len(scores)


def test_numbers_and_contractions_are_found(index: LexicalIndex) -> None:
    assert find_rows(index, *find_words("Is 100.4°F bad?")) == [1]
    assert find_rows(index, "waiting") == [1]


def test_stop_words_alone_find_nothing(index: LexicalIndex) -> None:
    assert find_rows(index, "what", "is", "the") == []


def test_words_of_more_postings_than_there_is_room_for_are_left_out_commonest_first(
    database: Database,
) -> None:
    # "doctor" stands in one passage, and so does its family.
    assert find_rows(LexicalIndex(database, max_postings=1), "doctor", "attacks") == [0]
    assert find_rows(LexicalIndex(database, max_postings=0), "doctor", "attacks") == []


def test_words_are_asked_for_as_they_stand_where_there_is_room(database: Database) -> None:
    words = ("legs", "attacks", "fever")
    roomy, unbounded = LexicalIndex(database), LexicalIndex(database, max_postings=10**9)
    assert [part.tolist() for part in roomy.search(words, 5)] == [
        part.tolist() for part in unbounded.search(words, 5)
    ]


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
