"""A reply's text, put together from parts that were written before, is the reply's JSON and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.replies import answer_reply, write_answer, write_fields, write_json, write_list
from app.evaluation.questions import read_questions
from app.notices import notices
from app.records import Answer
from app.settings import Settings
from tests.web.answerer import make_answerer

BASES = ("https://nightlight.example", "http://127.0.0.1:8000")
NOTICES = asdict(notices(None))


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def check_text(answer: Answer) -> None:
    for base in BASES:
        written = write_answer(answer, write_json(NOTICES), base)
        assert written == dump(answer_reply(answer, NOTICES, base))


def test_reply_of_every_development_question_is_written_as_json_writes_it(
    answerer: IndexAnswerer, settings: Settings
) -> None:
    asked = read_questions(settings.questions_dir / "dev.jsonl")
    for k in (1, 20):
        for question in asked:
            check_text(answerer.answer(question.question, k))


@pytest.mark.parametrize(
    "question",
    ['is "shuddering" \\dangerous\\?', "</script> jerks \u2028 asleep", "shudering", "zebra", "blue 😀"],
)
def test_question_is_written_as_json_writes_it(question: str) -> None:
    check_text(make_answerer().answer(question))


def test_what_is_not_written_yet_is_written() -> None:
    fields = {"a": write_list([write_json("é"), write_json(None)]), "b": 0.5, "c": "]", "d": write_json({})}
    assert write_fields(fields) == '{"a":["é",null],"b":0.5,"c":"]","d":{}}'
    assert (write_fields({}), write_list([])) == ("{}", "[]")
