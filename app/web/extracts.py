"""A passage as the pages show it."""

from __future__ import annotations

import re
from datetime import date
from itertools import chain, zip_longest

from markupsafe import Markup

from app.answering.citation import cite_markdown, cite_plain
from app.records import Article, Match, Passage, Span
from app.web.replies import passage_links
from app.web.typeset import typeset

_Highlights = tuple[Span, ...]
_PHONE_NUMBER = re.compile(r"\b\d{3,}\b")


class Extract:
    """A passage with its article, ready for a template; every word of it is the article's own."""

    def __init__(self, article: Article, passage: Passage, base: str, highlights: _Highlights = ()) -> None:
        self.article = article
        self.passage = passage
        self.links = passage_links(article, passage)
        self.permalink = base + self.links["self"]
        self.section = passage.section
        self._highlights = highlights

    @property
    def words(self) -> Markup:
        """The passage, its lines told apart and its answering sentences marked."""
        start = self.passage.start
        marks = [(start + low, start + high) for low, high in self._highlights]
        return typeset(self.article, (start, self.passage.end), marks)

    @property
    def lead(self) -> Markup | None:
        """The header row or lead-in to show above the passage."""
        return typeset(self.article, self.passage.lead) if self.passage.lead else None

    @property
    def plain(self) -> str:
        """The citation as plain text."""
        return cite_plain(self.article, self.passage, self.permalink)

    @property
    def markdown(self) -> str:
        """The citation as Markdown."""
        return cite_markdown(self.article, self.passage, self.permalink)


def make_extracts(matches: tuple[Match, ...], base: str) -> list[Extract]:
    """Extracts for matches, in their order."""
    return [Extract(match.article, match.passage, base, match.highlights) for match in matches]


def format_day(day: date) -> str:
    """``21 November 2026``."""
    return f"{day.day} {day:%B %Y}"


def link_numbers(text: str) -> Markup:
    """A notice whose phone numbers can be tapped; its words stay the same."""
    pieces = _PHONE_NUMBER.split(text)
    numbers = (Markup('<a href="tel:{0}">{0}</a>').format(number) for number in _PHONE_NUMBER.findall(text))
    return Markup("").join(chain.from_iterable(zip_longest(pieces, numbers, fillvalue="")))
