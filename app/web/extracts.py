"""A passage as the pages show it."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, zip_longest

from flask import current_app
from jinja2 import Template
from markupsafe import Markup

from app.answering.citation import cite_markdown, cite_plain
from app.answering.replies import passage_links
from app.records import Article, Match, Passage, Span
from app.web.typeset import typeset

_PHONE_NUMBER = re.compile(r"\b\d{3,}\b")
_KEPT = 1024
"""Passages whose fixed parts are kept ready."""


class Extract:
    """A passage with its article, ready for a template; every word of it is the article's own."""

    def __init__(
        self, article: Article, passage: Passage, base: str, highlights: tuple[Span, ...] = ()
    ) -> None:
        self.article = article
        self.passage = passage
        self.base = base
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
    def foot(self) -> Markup:
        """Source, links and citation, which no question changes."""
        template = current_app.jinja_env.get_template("foot.html")
        return _render_foot(template, self.article, self.passage, self.base)

    @property
    def links(self) -> dict[str, str]:
        """The passage's own page, its place in the article here, and the publisher's page."""
        return passage_links(self.article, self.passage)

    @property
    def permalink(self) -> str:
        """The whole address of the passage's own page."""
        return self.base + self.links["self"]

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


def link_numbers(text: str) -> Markup:
    """A notice whose phone numbers can be tapped; its words stay the same."""
    pieces = _PHONE_NUMBER.split(text)
    numbers = (Markup('<a href="tel:{0}">{0}</a>').format(number) for number in _PHONE_NUMBER.findall(text))
    return Markup("").join(chain.from_iterable(zip_longest(pieces, numbers, fillvalue="")))


@lru_cache(maxsize=_KEPT)
def _render_foot(template: Template, article: Article, passage: Passage, base: str) -> Markup:
    return template.make_module({"extract": Extract(article, passage, base)}).__html__()
