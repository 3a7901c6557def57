"""A passage as staff paste it: under its heading, with its source, its dates and the disclaimer."""

from __future__ import annotations

import re
from datetime import date

from app.notices import DISCLAIMER, UNDER_HEADING
from app.records import Article, Passage

_LEFT_OUT = "[...]"
"""Stands between a lead-in and a passage that does not follow it directly."""
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$^]|&(?=#?\w+;))")
_MARKDOWN_BLOCK = re.compile(r"^(\s*)([-+=:]|\d+[.)])(?=\s|$)|^(\s*)(=+|-+)$")


def cite_plain(article: Article, passage: Passage, permalink: str, *, disclaimer: bool = True) -> str:
    """The passage under its heading and lead-in and its source as plain text, ready to paste into a reply."""
    heading = [UNDER_HEADING.format(f"“{passage.place}”"), ""] if passage.section else []
    author = [f"Author: {article.author}"] if article.author else []
    return "\n".join(
        [
            *heading,
            f"“{_join_lead(article, passage)}”",
            "",
            f"From: {article.title}",
            *author,
            f"Publisher: {article.publisher}",
            f"Address: {article.url} ({_say_dates(article)})",
            f"This extract: {permalink}",
            *(["", DISCLAIMER] if disclaimer else []),
        ]
    )


def cite_markdown(article: Article, passage: Passage, permalink: str, *, disclaimer: bool = True) -> str:
    """The same as Markdown; Markdown's own signs are escaped, so that they are shown."""
    lines = [escape_markdown(line.strip()) for line in _join_lead(article, passage).splitlines()]
    if passage.section:
        lines.insert(0, f"**{escape_markdown(passage.place)}**")
    # A blank line between each two, so that Markdown does not run them together.
    quoted = "\n>\n".join(f"> {line}" for line in lines if line)
    source = f"[{escape_markdown(article.title)}](<{_bracket(article.url)}>)"
    by = f"{escape_markdown(article.author)}, " if article.author else ""
    return (
        f"{quoted}\n\n{source}, {by}{escape_markdown(article.publisher)}, {_say_dates(article)}. "
        f"[This extract](<{_bracket(permalink)}>)"
        + (f"\n\n{escape_markdown(DISCLAIMER)}" if disclaimer else "")
    )


def _say_dates(article: Article) -> str:
    """``as it stood on 21 November 2026, checked on 3 May 2025``."""
    checked = f", checked on {format_day(article.reviewed)}" if article.reviewed else ""
    return f"as it stood on {format_day(article.retrieved)}{checked}"


def format_day(day: date) -> str:
    """``21 November 2026``."""
    return f"{day.day} {day:%B %Y}"


def escape_markdown(text: str) -> str:
    """One line in which Markdown reads no sign of its own."""
    escaped = _MARKDOWN_SIGNS.sub(r"\\\1", text)
    return _MARKDOWN_BLOCK.sub(lambda match: f"{match.group()[:-1]}\\{match.group()[-1]}", escaped)


def _join_lead(article: Article, passage: Passage) -> str:
    """The passage's words, below those of its lead-in if it has one."""
    lead = passage.lead_in(article)
    return passage.text if lead is None else f"{lead.rstrip()}\n{_LEFT_OUT}\n{passage.text}"


def _bracket(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E")
