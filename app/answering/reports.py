"""Answers to any number of questions as text, Markdown, CSV or JSON, each with the fixed notices."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.answering.citation import escape_markdown, quote_markdown, quote_plain
from app.answering.replies import BatchReply, NoticesReply, PassageLinks
from app.notices import (
    CLOSEST,
    DISCLAIMER,
    EXTRACTS,
    HELP_BESIDE,
    NOT_ANSWERED,
    TODAY_NOTICE,
    URGENT_NOTICE,
    emergency_text,
)
from app.records import Answer, Article, Match, Passage, Refusal

_HEADINGS = {"answered": EXTRACTS, "closest": CLOSEST, "none": NOT_ANSWERED}
_URGENCY_NOTICES = {"now": [URGENT_NOTICE], "today": [TODAY_NOTICE], "none": []}
_COLUMNS = (
    "question",
    "outcome",
    "refusal",
    "confidence",
    "urgency",
    "urgency_notice",
    "kind",
    "rank",
    "section",
    "lead",
    "text",
    "title",
    "author",
    "publisher",
    "retrieved",
    "reviewed",
    "address",
    "permalink",
    "emergency",
    "disclaimer",
)
_FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
"""A cell that begins with one is read as a formula, or as one behind a blank, by a spreadsheet."""

Answers = Sequence[Answer | Refusal]
_Quote = Callable[[Article, Passage, str], str]


def render_text(answers: Answers, number: str | None, base: str) -> str:
    """Plain text to read in a terminal; the question is repeated when there are several."""
    parts = [emergency_text(number)]
    for answer in answers:
        named = [f"Question: {answer.question}"] if len(answers) > 1 else []
        parts += [*named, *_URGENCY_NOTICES[answer.urgency], *_quote_all(answer, quote_plain, base)]
    return "\n\n----\n\n".join([*parts, DISCLAIMER])


def render_markdown(answers: Answers, number: str | None, base: str) -> str:
    """Citations ready to paste into a reply, a heading for each question."""
    parts = [f"**{emergency_text(number)}**"]
    for answer in answers:
        urgent = [f"**{notice}**" for notice in _URGENCY_NOTICES[answer.urgency]]
        parts += [
            f"## {escape_markdown(answer.question)}",
            *urgent,
            *_quote_all(answer, quote_markdown, base),
        ]
    return "\n\n".join([*parts, DISCLAIMER])


def render_csv(answers: Answers, number: str | None, base: str) -> str:
    """A row for each passage, or one for a question without any; the notices stand in every row.

    For spreadsheets: a byte order mark tells them UTF-8, and a cell that they would take for a formula stands
    between quotation marks (“- fever”), so that between them its words are what they are.
    """
    output = io.StringIO()
    output.write("\ufeff")
    writer = csv.DictWriter(output, _COLUMNS)
    writer.writeheader()
    for answer in answers:
        for row in _csv_rows(answer, number, base):
            guarded = {
                name: f"“{value}”" if value.startswith(_FORMULA_SIGNS) else value
                for name, value in row.items()
            }
            writer.writerow(guarded)
    return output.getvalue().rstrip("\r\n")


def render_json(answers: Answers, number: str | None, base: str) -> str:
    """The reply of the batch request."""
    return BatchReply.of(answers, NoticesReply.of(number), base).model_dump_json(indent=1)


RENDERERS: Mapping[str, Callable[[Answers, str | None, str], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "csv": render_csv,
    "json": render_json,
}


def _quote_all(answer: Answer | Refusal, quote: _Quote, base: str) -> Iterator[str]:
    if isinstance(answer, Refusal):
        yield answer.message
        return
    yield _HEADINGS[answer.outcome]
    for match in answer.matches or answer.closest:
        yield quote(match.article, match.passage, _permalink(match, base))
    if answer.help:
        yield HELP_BESIDE
    for match in answer.help:
        yield quote(match.article, match.passage, _permalink(match, base))


def _csv_rows(answer: Answer | Refusal, number: str | None, base: str) -> Iterator[dict[str, str]]:
    asked = {
        "question": answer.question,
        "urgency": answer.urgency,
        "urgency_notice": " ".join(_URGENCY_NOTICES[answer.urgency]),
        "emergency": emergency_text(number),
        "disclaimer": DISCLAIMER,
    }
    if isinstance(answer, Refusal):
        yield {**asked, "outcome": "refused", "refusal": answer.message}
        return
    asked |= {"outcome": answer.outcome, "confidence": f"{answer.confidence:.4f}"}
    kinds = {"passage": answer.matches, "closest": answer.closest, "help": answer.help}
    for kind, matches in kinds.items():
        for rank, match in enumerate(matches, 1):
            article, passage = match.article, match.passage
            yield {
                **asked,
                "kind": kind,
                "rank": str(rank),
                "section": passage.place,
                "lead": passage.lead_in(article) or "",
                "text": passage.text,
                "title": article.title,
                "author": article.author or "",
                "publisher": article.publisher,
                "retrieved": article.retrieved.isoformat(),
                "reviewed": article.reviewed.isoformat() if article.reviewed else "",
                "address": article.url,
                "permalink": _permalink(match, base),
            }
    if not any(kinds.values()):
        yield asked


def _permalink(match: Match, base: str) -> str:
    return f"{base}{PassageLinks.of(match.article, match.passage).self}"
