"""Question files, sound and faulty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.corpus.catalog import read_corpus
from app.errors import QuestionsError
from app.evaluation.questions import check_quotes, read_questions
from app.settings import ROOT

FILES = sorted((ROOT / "tests" / "questions").glob("*.jsonl"))
LINE = {"id": "a", "question": "why?", "kind": "unanswerable", "relevant": []}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_quote_stands_once_in_its_article(path: Path) -> None:
    texts = {article.slug: article.text for article in read_corpus(ROOT / "corpus")}
    questions = read_questions(path)
    check_quotes(path, questions, texts)
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
    with pytest.raises(QuestionsError, match=message) as error:
        read_questions(path)
    assert str(path) in str(error.value)


def test_quote_that_is_not_in_the_article_is_told(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    gold = {"article": "one", "quote": "never said", "grade": 3}
    path.write_text(json.dumps({**LINE, "kind": "answerable", "relevant": [gold]}))
    with pytest.raises(QuestionsError, match="question a: a quote stands 0 times in one"):
        check_quotes(path, read_questions(path), {"one": "something else"})
