"""Answers in each printed form hold the passages word for word, their sources and the notices."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.answering.reports import RENDERERS, render_csv, render_json, render_markdown, render_text
from app.notices import DISCLAIMER, HELP_BESIDE, NOT_ANSWERED, URGENT_NOTICE, emergency_text
from app.records import Answer
from app.web.models import BatchReply
from tests.web.answerer import make_answerer

BASE = "https://nightlight.example"
WORDS = "Shuddering attacks are rare and harmless. They often stop by the age of 2 or 3."


def ask(*questions: str, k: int = 1) -> list[Answer]:
    answerer = make_answerer()
    return [answerer.answer(question, k) for question in questions]


@pytest.mark.parametrize("form", RENDERERS)
def test_every_form_has_the_words_the_source_and_the_notices(form: str) -> None:
    printed = RENDERERS[form](ask("is shuddering dangerous"), None, BASE)
    for words in (WORDS, "Shuddering", "Example & Sons", "https://example.org/shudders", f"{BASE}/p/"):
        assert words in printed
    assert emergency_text() in printed
    assert DISCLAIMER in printed


def test_text_names_the_question_when_there_are_several() -> None:
    assert "Question:" not in render_text(ask("zebra"), None, BASE)
    printed = render_text(ask("zebra", "jerks blue"), "000", BASE)
    assert [line for line in printed.splitlines() if line.startswith("Question:")] == [
        "Question: zebra",
        "Question: jerks blue",
    ]
    assert NOT_ANSWERED in printed
    assert URGENT_NOTICE in printed
    assert emergency_text("000") in printed


def test_help_of_the_same_article_is_printed_beside() -> None:
    for render in (render_text, render_markdown):
        assert HELP_BESIDE in render(ask("jerks in sleep"), None, BASE)


def test_markdown_escapes_what_was_asked() -> None:
    assert "## \\<b\\>jerks\\</b\\>" in render_markdown(ask("<b>jerks</b>"), None, BASE)


def test_csv_has_a_row_for_each_passage_and_one_for_none() -> None:
    printed = render_csv(ask("is shuddering dangerous", "zebra", 'the "jerks"', k=2), None, BASE)
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [(row["question"], row["outcome"], row["rank"]) for row in rows] == [
        ("is shuddering dangerous", "answered", "1"),
        ("is shuddering dangerous", "answered", "2"),
        ("zebra", "none", ""),
        ('the "jerks"', "answered", "1"),
        ('the "jerks"', "answered", "2"),
    ]
    assert rows[0]["text"] == WORDS
    assert {row["disclaimer"] for row in rows} == {DISCLAIMER}


def test_json_is_the_reply_of_the_batch_request() -> None:
    printed = render_json(ask("is shuddering dangerous", "zebra"), None, BASE)
    BatchReply.model_validate_json(printed)
    assert [answer["outcome"] for answer in json.loads(printed)["answers"]] == ["answered", "none"]
