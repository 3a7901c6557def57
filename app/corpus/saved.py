"""Saved web pages and Markdown -> drafts; the only place of trafilatura and markdown-it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import trafilatura
import yaml
from markdown_it import MarkdownIt

from app.corpus.drafts import Draft, Piece, ProposedMetadata, fold, read_date
from app.corpus.markup import walk_markup
from app.corpus.structure import Kind

# A mark before each text node tells which of them an extraction chose, whatever it does to their words: two
# letters of Tangut, a script that no page here is written in and that passes for words of a text.
_HIGH, _LOW, _STEP = 0x17000, 0x17BB8, 3000
_MARK = re.compile(f"([{chr(_HIGH)}-{chr(_LOW - 1)}])([{chr(_LOW)}-{chr(_LOW + _STEP - 1)}])")

_REVIEWED = re.compile(r'"lastReviewed"\s*:\s*"(\d{4}-\d\d-\d\d)')
_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d+\)(\S+) -->")
_DATA = re.compile(
    r"<script[^>]{0,300}application/ld\+json[^>]{0,300}>(.*?)</script>", re.DOTALL | re.IGNORECASE
)
_FRONT_MATTER = re.compile(
    r"(?:---[ \t]*\n(?P<yaml>.{0,5000}?)\n(?:---|\.\.\.)"
    r"|\+\+\+[ \t]*\n(?P<toml>.{0,5000}?)\n\+\+\+)[ \t]*(?:\n|$)",
    re.DOTALL,
)


def read_page(source: str) -> Draft:
    """A saved web page: every visible piece of it, and which of them are the article."""
    page = walk_markup(source)
    marks = [chr(_HIGH + n // _STEP) + chr(_LOW + n % _STEP) for n in range(min(len(page.places), _STEP**2))]
    extracted = trafilatura.extract(
        page.write(marks), favor_recall=True, include_tables=True, include_comments=False
    )
    found = _MARK.findall(extracted or "")
    chosen = {(ord(high) - _HIGH) * _STEP + ord(low) - _LOW for high, low in found}
    pieces = [
        replace(piece, kept=piece.kept and not chosen.isdisjoint(piece.places)) for piece in page.pieces
    ]
    notes = (*page.notes, *_find_unseen_answers(source, page.pieces))
    kept = [number for number, piece in enumerate(pieces) if piece.kept]
    if not kept:
        notes += ("No article was recognised in the page; everything is kept.",)
        return Draft(page.pieces, _propose(source), notes)
    # Between kept pieces, and of the headings above, all comes back but links and what is named as furniture.
    first = kept[0]
    while first and pieces[first - 1].kind is Kind.HEADING:
        first -= 1
    for number, piece in enumerate(pieces[first : kept[-1]], start=first):
        if not (piece.kept or piece.linked or piece.aside or piece.why):
            pieces[number] = replace(piece, kept=True, why="put back")
    return Draft(tuple(pieces), _propose(source), notes)


def read_markdown(source: str) -> Draft:
    """A Markdown file and the HTML in it. What a front matter says is proposed."""
    match = _FRONT_MATTER.match(source)
    front: Any = None
    if match:
        with suppress(yaml.YAMLError, tomllib.TOMLDecodeError, ValueError):
            front = tomllib.loads(match["toml"]) if match["toml"] else yaml.safe_load(match["yaml"])
    said: dict[str, str | None] = {}
    if match and isinstance(front, dict):  # all is text where that cannot be read
        said = {str(name).lower(): _read_value(value) for name, value in front.items()}
        source = source[match.end() :]
    markup = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source)
    page = walk_markup(markup, comments=True)
    first = (piece.text for piece in page.pieces if piece.kind is Kind.HEADING and piece.rank == 1)
    proposal = ProposedMetadata(
        title=said.get("title") or next(first, None),
        publisher=said.get("publisher"),
        url=said.get("url") or said.get("canonical"),
        author=said.get("author") or said.get("authors"),
        published=read_date(said.get("date")),
        language=said.get("lang") or said.get("language"),
    )
    return Draft(page.pieces, proposal, page.notes)


def _find_unseen_answers(source: str, pieces: Sequence[Piece]) -> Iterator[str]:
    """A note about questions that only a page's data have: no reader of the page sees them."""
    seen = fold(" ".join(piece.text for piece in pieces))
    waiting: list[Any] = []
    for text in _DATA.findall(source):
        with suppress(ValueError, RecursionError):
            waiting.append(json.loads(text))
    unseen = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("@type") == "Question" and isinstance(value.get("name"), str):
                unseen += fold(value["name"]) not in seen
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    if unseen:
        yield f"{unseen} questions and answers are only in the page's data (JSON-LD), not in its text."


def _propose(source: str) -> ProposedMetadata:
    found = trafilatura.extract_metadata(source)
    saved_from = _SAVED_FROM.search(source)
    reviewed = _REVIEWED.search(source)
    language = re.search(r"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2,3})\b", source)
    return ProposedMetadata(
        title=found.title,
        publisher=found.sitename or found.hostname,
        url=found.url or (saved_from[1] if saved_from else None),
        author=found.author,
        published=read_date(found.date),
        reviewed=read_date(reviewed[1] if reviewed else None),
        language=language[1].lower() if language else None,
    )


def _read_value(value: object) -> str | None:
    """A value of a front matter as words; several with commas between them."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_read_value, value))) or None
    if isinstance(value, dict):
        return _read_value(value.get("name"))
    return value.isoformat() if isinstance(value, date) else str(value) if value else None
