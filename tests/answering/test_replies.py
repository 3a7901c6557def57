"""A reply says what the answer says, character by character, whatever signs it holds."""

from __future__ import annotations

import json

import pytest

from app.answering.answer import answer_each
from app.answering.replies import AnswerReply, BatchReply, NoticesReply
from app.records import Match
from tests.web.answerer import make_answerer

BASES = ("https://nightlight.example", "http://127.0.0.1:8000")
NOTICES = NoticesReply.of()


def read_match(rank: int, match: Match, base: str) -> dict[str, object]:
    """What a reply must say of a match, from the records alone."""
    article, passage = match.article, match.passage
    return {
        "id": passage.id,
        "text": article.text[passage.start : passage.end],
        "start": passage.start,
        "end": passage.end,
        "lead": None,
        "section": list(passage.section),
        "rank": rank,
        "score": round(match.score, 4),
        "highlights": [list(span) for span in match.highlights],
        "article": {
            "slug": article.slug,
            "title": article.title,
            "author": article.author,
            "publisher": article.publisher,
            "url": article.url,
            "retrieved": "2026-11-21",
            "reviewed": None,
            "sha256": article.sha256,
        },
    }


@pytest.mark.parametrize(
    "question",
    [
        'is "shuddering" \\dangerous\\?',
        "</script> jerks \u2028 asleep",
        "shudering",
        "zebra",
        "blue jerks 😀",
    ],
)
@pytest.mark.parametrize("base", BASES)
def test_reply_says_what_the_answer_says(question: str, base: str) -> None:
    answer = make_answerer().answer(question)
    reply = json.loads(AnswerReply.of(answer, NOTICES, base).model_dump_json())
    for name in ("question", "outcome", "urgency", "urgent", "language", "suggestion"):
        assert reply[name] == getattr(answer, name)
    for name, matches in {"passages": answer.matches, "closest": answer.closest, "help": answer.help}.items():
        for rank, (said, match) in enumerate(zip(reply[name], matches, strict=True), 1):
            assert said["links"]["self"] == f"/p/{match.passage.id}"
            assert f"{base}/p/{match.passage.id}" in said["citation"]
            assert {key: said[key] for key in said if key not in ("links", "citation")} == read_match(
                rank, match, base
            )


def test_words_are_not_escaped() -> None:
    answer = make_answerer().answer("café jerks 😀")
    assert '"question":"café jerks 😀"' in AnswerReply.of(answer, NOTICES, "").model_dump_json()


def test_question_that_cannot_be_taken_is_a_fault_of_itself_alone() -> None:
    answerer = make_answerer()
    asked = ["jerks in sleep", "  ", "j" * 1001, "is my baby \x00 not breathing", "zebra"]
    reply = json.loads(BatchReply.of(answer_each(answerer.answer, asked), NOTICES, "").model_dump_json())
    codes = [answer.get("outcome") or answer["error"]["code"] for answer in reply["answers"]]
    assert codes == ["answered", "question_empty", "question_too_long", "control_characters", "none"]
    assert [answer["question"] for answer in reply["answers"]] == asked
    assert reply["answers"][3]["urgency"] == "now"
