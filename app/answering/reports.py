"""Answers to any number of questions as text, Markdown, CSV or JSON, each with the fixed notices."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict

from app.answering.citation import escape_markdown, quote_markdown, quote_passage
from app.answering.replies import answer_reply, passage_links
from app.notices import (
    CLOSEST,
    DISCLAIMER,
    EXTRACTS,
    HELP_BESIDE,
    NOT_ANSWERED,
    TODAY_NOTICE,
    URGENT_NOTICE,
    emergency_text,
    notices,
)
from app.records import Answer, Match

HEADINGS = {"answered": EXTRACTS, "closest": CLOSEST, "none": NOT_ANSWERED}
URGENCY_NOTICES = {"now": URGENT_NOTICE, "today": TODAY_NOTICE}
COLUMNS = (
    "question",
    "outcome",
    "confidence",
    "urgency",
    "rank",
    "text",
    "section",
    "title",
    "author",
    "publisher",
    "address",
    "permalink",
    "emergency",
    "disclaimer",
)


def render_text(answers: Sequence[Answer], number: str | None, base: str) -> str:
    """Plain text to read in a terminal; the question is repeated when there are several."""
    parts = [part for answer in answers for part in _text_parts(answer, base, named=len(answers) > 1)]
    return "\n\n----\n\n".join([emergency_text(number), *parts, DISCLAIMER])


def render_markdown(answers: Sequence[Answer], number: str | None, base: str) -> str:
    """Citations ready to paste into a reply, a heading for each question."""
    parts = [part for answer in answers for part in _markdown_parts(answer, base)]
    return "\n\n".join([f"**{emergency_text(number)}**", *parts, DISCLAIMER])


def render_csv(answers: Sequence[Answer], number: str | None, base: str) -> str:
    """A row for each passage, or one for a question without any; the notices stand in every row."""
    output = io.StringIO()
    writer = csv.DictWriter(output, COLUMNS)
    writer.writeheader()
    for answer in answers:
        writer.writerows(_csv_rows(answer, number, base))
    return output.getvalue().rstrip("\r\n")


def render_json(answers: Sequence[Answer], number: str | None, base: str) -> str:
    """The reply of the batch request."""
    fixed = asdict(notices(number))
    replied = [answer_reply(answer, fixed, base) for answer in answers]
    return json.dumps({"answers": replied, "notices": fixed}, ensure_ascii=False, indent=1)


RENDERERS: Mapping[str, Callable[[Sequence[Answer], str | None, str], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "csv": render_csv,
    "json": render_json,
}


def _text_parts(answer: Answer, base: str, *, named: bool) -> Iterator[str]:
    if named:
        yield f"Question: {answer.question}"
    if answer.urgency != "none":
        yield URGENCY_NOTICES[answer.urgency]
    yield HEADINGS[answer.outcome]
    yield from (_text_of(match, base) for match in answer.matches or answer.closest)
    if answer.help:
        yield HELP_BESIDE
        yield from (_text_of(match, base) for match in answer.help)


def _text_of(match: Match, base: str) -> str:
    article, passage = match.article, match.passage
    by = ", ".join(filter(None, (article.author, article.publisher)))
    place = " > ".join(passage.section) or article.title
    source = (place, f"{article.title}, {by}", article.url, _permalink(match, base))
    return "\n\n".join((quote_passage(article, passage), "\n".join(f"    {line}" for line in source)))


def _markdown_parts(answer: Answer, base: str) -> Iterator[str]:
    yield f"## {escape_markdown(answer.question)}"
    if answer.urgency != "none":
        yield f"**{URGENCY_NOTICES[answer.urgency]}**"
    yield HEADINGS[answer.outcome]
    yield from (_quote(match, base) for match in answer.matches or answer.closest)
    if answer.help:
        yield HELP_BESIDE
        yield from (_quote(match, base) for match in answer.help)


def _quote(match: Match, base: str) -> str:
    return quote_markdown(match.article, match.passage, _permalink(match, base))


def _csv_rows(answer: Answer, number: str | None, base: str) -> Iterator[dict[str, object]]:
    asked: dict[str, object] = {
        "question": answer.question,
        "outcome": answer.outcome,
        "confidence": f"{answer.confidence:.4f}",
        "urgency": answer.urgency,
        "emergency": emergency_text(number),
        "disclaimer": DISCLAIMER,
    }
    found = [_csv_cells(match, base) for match in answer.matches or answer.closest]
    for rank, cells in enumerate(found, 1):
        yield {**asked, "rank": rank, **cells}
    if not found:
        yield asked


def _csv_cells(match: Match, base: str) -> dict[str, object]:
    article, passage = match.article, match.passage
    return {
        "text": passage.text,
        "section": " > ".join(passage.section),
        "title": article.title,
        "author": article.author or "",
        "publisher": article.publisher,
        "address": article.url,
        "permalink": _permalink(match, base),
    }


def _permalink(match: Match, base: str) -> str:
    return f"{base}{passage_links(match.article, match.passage)['self']}"
