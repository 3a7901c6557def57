"""A passage as staff paste it: with its source, its addresses and the disclaimer, as text or Markdown."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote

from app.notices import DISCLAIMER
from app.records import Article, Passage

_EXACT_WORDS = 10
"""A passage of up to this many words is named whole in a text fragment."""
_LEFT_OUT = "[...]"
"""Stands between a lead-in and a passage that does not follow it directly."""
_EDGE_WORDS = 5
_BULLET = re.compile(r"^(?:[•▪◦‣*–-]|\d{1,2}[.)])\s*")
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_MARKDOWN_BLOCK = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)|^(\s*)(=+|-+)$")


def lead_of(article: Article, passage: Passage) -> str | None:
    """The header row or lead-in that a passage needs above it, word for word."""
    return article.text[slice(*passage.lead)] if passage.lead else None


def quote_passage(article: Article, passage: Passage) -> str:
    """The passage's words, below those of its lead-in if it has one."""
    lead = lead_of(article, passage)
    return passage.text if lead is None else f"{lead.rstrip()}\n{_LEFT_OUT}\n{passage.text}"


def link_source(article: Article, passage: Passage) -> str:
    """The publisher's page, with the text fragment that makes a browser scroll to the passage."""
    lines = [_BULLET.sub("", line.strip()).split() for line in passage.text.splitlines()]
    lines = [words for words in lines if words]
    if not lines:
        return article.url
    if len(lines) == 1 and len(lines[0]) <= _EXACT_WORDS:
        fragment = _encode(lines[0])
    else:
        # A fragment's start and end must each stand in one block of the page, so neither crosses a line.
        fragment = f"{_encode(lines[0][:_EDGE_WORDS])},{_encode(lines[-1][-_EDGE_WORDS:])}"
    return f"{article.url}{'' if '#' in article.url else '#'}:~:text={fragment}"


def cite_plain(article: Article, passage: Passage, permalink: str) -> str:
    """The passage and its source as plain text, ready to paste into a reply."""
    return "\n".join(
        (f"“{quote_passage(article, passage)}”", "", *_source_lines(article, permalink), "", DISCLAIMER)
    )


def cite_markdown(article: Article, passage: Passage, permalink: str) -> str:
    """The passage, its source and the disclaimer as Markdown, ready to paste into a reply."""
    return f"{quote_markdown(article, passage, permalink)}\n\n{escape_markdown(DISCLAIMER)}"


def quote_markdown(article: Article, passage: Passage, permalink: str) -> str:
    """The passage and its source as Markdown; Markdown's own signs are escaped, so that they are shown."""
    lines = _quote_lines(quote_passage(article, passage))
    quoted = "\n".join(f"> {escape_markdown(line)}".rstrip() for line in lines)
    source = f"[{escape_markdown(article.title)}](<{_bracket(article.url)}>)"
    by = f"{escape_markdown(article.author)}, " if article.author else ""
    taken = format_day(article.retrieved)
    return (
        f"{quoted}\n\n{source}, {by}{escape_markdown(article.publisher)}, as it stood on {taken}. "
        f"[This extract](<{_bracket(permalink)}>)"
    )


def format_day(day: date) -> str:
    """``21 November 2026``."""
    return f"{day.day} {day:%B %Y}"


def escape_markdown(text: str) -> str:
    """One line in which Markdown reads no sign of its own."""
    escaped = _MARKDOWN_SIGNS.sub(r"\\\1", text)
    return _MARKDOWN_BLOCK.sub(lambda match: _escape_block(match.group()), escaped)


def _source_lines(article: Article, permalink: str) -> list[str]:
    taken = format_day(article.retrieved)
    lines = [f"From: {article.title}"]
    if article.author:
        lines.append(f"Author: {article.author}")
    lines += [f"Publisher: {article.publisher}", f"Address: {article.url} (as it stood on {taken})"]
    return [*lines, f"This extract: {permalink}"]


def _quote_lines(text: str) -> list[str]:
    """Lines for a quote: a blank line between each, so that Markdown does not run them together."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [part for line in lines for part in (line, "")][:-1]


def _escape_block(sign: str) -> str:
    body = sign.lstrip()
    indent = sign[: len(sign) - len(body)]
    return f"{indent}{body[:-1]}\\{body[-1]}"


def _bracket(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E")


def _encode(words: list[str]) -> str:
    # A dash, a comma and an ampersand are signs of the fragment's own grammar.
    return quote(" ".join(words), safe="").replace("-", "%2D")
