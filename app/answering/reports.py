"""Answers to any number of questions as text, Markdown, CSV or JSON, each with the fixed notices."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from app.answering.citation import cite_markdown, cite_plain, escape_markdown
from app.answering.replies import BatchReply, NoticesReply
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
from app.records import Answer, Refusal

FORMS = ("text", "markdown", "csv", "json")
_HEADINGS = {"answered": EXTRACTS, "closest": CLOSEST, "none": NOT_ANSWERED}
_URGENCY_NOTICES = {"now": [URGENT_NOTICE], "today": [TODAY_NOTICE], "none": []}
_COLUMNS = (
    "question outcome refusal confidence urgency urgency_notice kind rank section lead text title author "
    "publisher retrieved reviewed address permalink emergency disclaimer"
).split()
_FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
"""A cell that begins with one is read as a formula, or as one behind a blank, by a spreadsheet."""


def render_answers(answers: Sequence[Answer | Refusal], form: str, number: str | None, base: str) -> str:
    """In one of ``FORMS``: plain text to read in a terminal, in which a question is repeated where there are
    several; Markdown ready to paste into a reply, with a heading for each question; a row for each passage,
    for a spreadsheet; or the JSON of the batch request.

    ``number`` is the one emergency number to name, if any; permalinks begin with ``base``.
    """
    if form == "csv":
        return _render_csv(answers, number, base)
    if form == "json":
        return BatchReply.of(answers, NoticesReply.of(number), base).model_dump_json(indent=1)
    markdown = form == "markdown"
    cite, strong = (cite_markdown, "**{}**") if markdown else (cite_plain, "{}")
    parts = [strong.format(emergency_text(number))]
    for answer in answers:
        if markdown:
            parts.append(f"## {escape_markdown(answer.question)}")
        elif len(answers) > 1:
            parts.append(f"Question: {answer.question}")
        parts += map(strong.format, _URGENCY_NOTICES[answer.urgency])
        if isinstance(answer, Refusal):
            parts.append(answer.message)
            continue
        shown = [(_HEADINGS[answer.outcome], answer.matches or answer.closest)]
        if answer.help:
            shown.append((HELP_BESIDE, answer.help))
        for heading, matches in shown:
            parts.append(heading)
            for match in matches:
                permalink = f"{base}/p/{match.passage.id}"
                parts.append(cite(match.article, match.passage, permalink, disclaimer=False))
    return ("\n\n" if markdown else "\n\n----\n\n").join([*parts, DISCLAIMER])


def _render_csv(answers: Sequence[Answer | Refusal], number: str | None, base: str) -> str:
    """A row for each passage, or one for a question without any; the notices stand in every row.

    For spreadsheets: a byte order mark tells them UTF-8, and a cell that they would take for a formula stands
    between quotation marks (“- fever”), so that between them its words are what they are.
    """
    output = io.StringIO()
    output.write("\ufeff")
    writer = csv.DictWriter(output, _COLUMNS)
    writer.writeheader()
    fixed = {"emergency": emergency_text(number), "disclaimer": DISCLAIMER}
    for answer in answers:
        for row in _csv_rows(answer, base):
            cells = {**row, **fixed}.items()
            writer.writerow({k: f"“{v}”" if v.startswith(_FORMULA_SIGNS) else v for k, v in cells})
    return output.getvalue().rstrip("\r\n")


def _csv_rows(answer: Answer | Refusal, base: str) -> Iterator[dict[str, str]]:
    asked = {
        "question": answer.question,
        "urgency": answer.urgency,
        "urgency_notice": " ".join(_URGENCY_NOTICES[answer.urgency]),
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
                "permalink": f"{base}/p/{passage.id}",
            }
    if not any(kinds.values()):
        yield asked
