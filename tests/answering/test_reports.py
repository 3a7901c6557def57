"""Answers in each printed form hold the passages word for word, their sources and the notices."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.answering.replies import BatchReply
from app.answering.reports import FORMS, render_answers
from app.notices import DISCLAIMER, HELP_BESIDE, NOT_ANSWERED, URGENT_NOTICE, emergency_text
from app.records import Answer
from tests.web.answerer import WordAnswerer, make_answerer, make_article

BASE = "https://nightlight.example"
WORDS = "Shuddering attacks are rare and harmless. They often stop by the age of 2 or 3."


def ask(*questions: str, k: int = 1) -> list[Answer]:
    answerer = make_answerer()
    return [answerer.answer(question, k) for question in questions]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_words_the_source_and_the_notices(form: str) -> None:
    printed = render_answers(ask("is shuddering dangerous"), form, None, BASE)
    for words in (WORDS, "Shuddering", "Example & Sons", "https://example.org/shudders", f"{BASE}/p/"):
        assert words in printed
    assert emergency_text() in printed
    assert DISCLAIMER in printed


def test_text_names_the_question_when_there_are_several() -> None:
    assert "Question:" not in render_answers(ask("zebra"), "text", None, BASE)
    printed = render_answers(ask("zebra", "jerks blue"), "text", "000", BASE)
    assert [line for line in printed.splitlines() if line.startswith("Question:")] == [
        "Question: zebra",
        "Question: jerks blue",
    ]
    assert NOT_ANSWERED in printed
    assert URGENT_NOTICE in printed
    assert emergency_text("000") in printed


def test_help_of_the_same_article_is_printed_beside() -> None:
    for form in ("text", "markdown"):
        assert HELP_BESIDE in render_answers(ask("jerks in sleep"), form, None, BASE)


def test_markdown_escapes_what_was_asked() -> None:
    assert "## \\<b\\>jerks\\</b\\>" in render_answers(ask("<b>jerks</b>"), "markdown", None, BASE)


def read_csv(printed: str) -> list[dict[str, str]]:
    """As a spreadsheet reads it: by the byte order mark, which is no part of the first column's name."""
    return list(csv.DictReader(io.StringIO(printed.encode().decode("utf-8-sig"))))


def test_csv_has_a_row_for_each_passage_and_help_and_one_for_none() -> None:
    printed = render_answers(
        ask("is shuddering dangerous", "zebra", 'jerks "in sleep"', k=2), "csv", None, BASE
    )
    rows = read_csv(printed)
    assert [(row["question"], row["outcome"], row["kind"], row["rank"]) for row in rows] == [
        ("is shuddering dangerous", "answered", "passage", "1"),
        ("is shuddering dangerous", "answered", "passage", "2"),
        ("zebra", "none", "", ""),
        ('jerks "in sleep"', "answered", "passage", "1"),
        ('jerks "in sleep"', "answered", "passage", "2"),
        ('jerks "in sleep"', "answered", "help", "1"),
    ]
    assert rows[0]["text"] == WORDS
    assert (rows[0]["retrieved"], rows[0]["reviewed"]) == ("2026-11-21", "")
    assert rows[-1]["section"] == "When to Call"
    assert {row["disclaimer"] for row in rows} == {DISCLAIMER}


def test_csv_of_an_emergency_says_so_in_words() -> None:
    (row,) = read_csv(render_answers(ask("jerks blue"), "csv", None, BASE))[:1]
    assert (row["urgency"], row["urgency_notice"]) == ("now", URGENT_NOTICE)


LIST = (
    """# Fits

## Don't

Never do one of these things, whoever tells you to, while the fit goes on:

- {0} put anything in the mouth
"""
    + "- hold the child down for as long as the fit goes on, whoever tells you to do so at that time\n" * 12
)


def test_part_of_a_list_has_its_lead_in_in_a_column() -> None:
    answerer = WordAnswerer(make_article("fits", "Fits", LIST))
    rows = read_csv(render_answers([answerer.answer("hold the child down", 20)], "csv", None, BASE))
    later = [row for row in rows if row["lead"]]
    assert later
    for row in later:
        assert (row["section"], row["lead"]) == (
            "Don't",
            "Never do one of these things, whoever tells you to, while the fit goes on:",
        )


@pytest.mark.parametrize("sign", ["=2+5", "+1", "-1", "@SUM(A1)", "＝2+5", "- a", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula_and_its_words_stay_what_they_are(sign: str) -> None:
    words = f"{sign} wobbles zonk the baby for a while."
    article = make_article("odd", f"{sign} odd", f"Signs\n\n{words}\n", author=sign)
    printed = render_answers([WordAnswerer(article).answer(f"{sign} wobbles zonk")], "csv", None, BASE)
    (row,) = read_csv(printed)
    assert not [cell for cell in row.values() if cell.startswith(tuple("=+-@\t\r＝＋－＠"))]
    cells = ("question", "text", "title", "author")
    assert [row[name].strip("“”") for name in cells] == [
        f"{sign} wobbles zonk",
        words.strip(),
        f"{sign} odd",
        sign,
    ]


def test_json_is_the_reply_of_the_batch_request() -> None:
    printed = render_answers(ask("is shuddering dangerous", "zebra"), "json", None, BASE)
    BatchReply.model_validate_json(printed)
    assert [answer["outcome"] for answer in json.loads(printed)["answers"]] == ["answered", "none"]
