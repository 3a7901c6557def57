"""Question files, sound and faulty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import CorpusError
from app.evaluation.questions import Question, read_questions
from app.settings import ROOT
from tests.articles import FIVE, read_five

FILES = sorted((ROOT / "tests" / "questions").glob("*.jsonl"))
LINE = {"id": "a", "question": "why?", "kind": "unanswerable", "relevant": []}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_quote_stands_once_in_its_article(path: Path) -> None:
    texts = {article.slug: article.text for article in read_five()}
    questions = read_questions(path)
    quotes = [(gold.article, gold.quote) for question in questions for gold in question.relevant]
    assert [quote for slug, quote in quotes if texts[slug].count(quote) != 1] == []
    assert all(question.kind != "unanswerable" or not question.relevant for question in questions)


def test_no_question_stands_in_two_files() -> None:
    pinned = "pinned.jsonl"  # chosen among the others
    asked = [q.question.casefold() for path in FILES if path.name != pinned for q in read_questions(path)]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "there is no question in it"),
        (["{"], "line 1"),
        ([json.dumps({**LINE, "kind": "odd"})], "line 1: kind"),
        ([json.dumps(LINE), json.dumps({**LINE, "extra": 1})], "line 2: extra"),
        ([json.dumps(LINE), json.dumps(LINE)], "the id a is used twice"),
    ],
)
def test_faulty_file_is_told_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(CorpusError, match=message) as error:
        read_questions(path)
    assert str(path) in str(error.value)


def read_one(folder: Path, **fields: object) -> Question:
    path = folder / "questions.jsonl"
    path.write_text(json.dumps({**LINE, **fields}))
    return read_questions(path)[0]


def test_unanswerable_counts_only_beside_the_articles_that_it_was_judged_against(tmp_path: Path) -> None:
    (tmp_path / "judged.toml").write_text('articles = ["one", "two"]')
    question = read_one(tmp_path)
    assert question.holds_for({"one": "", "two": ""})
    assert question.holds_for({"one": ""})
    assert not question.holds_for({"one": "", "three": ""})
    own = read_one(tmp_path, against=["one", "three"])
    assert own.holds_for({"one": "", "three": ""})
    assert not own.holds_for({"two": ""})


def test_unanswerable_of_which_nobody_says_what_it_was_judged_against_always_counts(tmp_path: Path) -> None:
    assert read_one(tmp_path).holds_for({"three": ""})


def test_answerable_counts_as_long_as_an_article_holds_a_good_quote(tmp_path: Path) -> None:
    gold = [
        {"article": "one", "quote": "so it is", "grade": 2},
        {"article": "one", "quote": "or", "grade": 1},
    ]
    question = read_one(tmp_path, kind="answerable", relevant=gold)
    assert question.holds_for({"one": "well, so it is", "three": ""})
    assert not question.holds_for({"one": "or not"})
    assert not question.holds_for({"two": "so it is"})


def test_faulty_list_of_articles_is_told(tmp_path: Path) -> None:
    (tmp_path / "judged.toml").write_text("articles =")
    with pytest.raises(CorpusError, match=r"judged\.toml"):
        read_one(tmp_path)


def test_questions_of_the_project_say_what_they_were_judged_against() -> None:
    unanswerable = [q for path in FILES for q in read_questions(path) if q.kind == "unanswerable"]
    assert unanswerable
    assert all(question.against == FIVE for question in unanswerable)
