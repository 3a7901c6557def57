"""A passage as the pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Self

from flask import current_app
from jinja2 import Template
from markupsafe import Markup

from app.answering.citation import cite_markdown, cite_plain
from app.answering.reassurance import warns
from app.answering.replies import PassageLinks
from app.corpus.structure import Kind
from app.notices import WORDS_BEFORE
from app.records import Article, Match, Passage, Span
from app.web.typeset import find_block, typeset

_FAR = 400
"""Characters: about ten lines of a phone."""
_BEFORE = Markup('<details class="before"><summary aria-label="{}"></summary>{}</details>')
"""The label is no text, so that the passage's text content stays the source's."""
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

    @classmethod
    def of(cls, matches: Iterable[Match], base: str) -> list[Self]:
        """Extracts for matches, in their order."""
        return [cls(match.article, match.passage, base, match.highlights) for match in matches]

    @property
    def heading(self) -> str:
        """What the passage stands under in its article."""
        return self.section[-1] if self.section else self.article.title

    @property
    def words(self) -> Markup:
        """The passage in paragraphs, lists and tables, its answering sentences marked.

        What stands far before the first of them is one tap away on a phone; it is in the page all the same.
        """
        start, end = self.passage.start, self.passage.end
        marks = [(start + low, start + high) for low, high in self._highlights]
        fold = self._find_fold(min(marks)[0]) if marks else None
        if not fold:
            return typeset(self.article, (start, end), marks)
        return (
            typeset(self.article, (start, fold[0]))
            + _BEFORE.format(WORDS_BEFORE, typeset(self.article, fold))
            + typeset(self.article, (fold[1], end), marks)
        )

    def _find_fold(self, marked: int) -> Span | None:
        """What is not in view at once, given where the first marked sentence begins.

        What comes before a paragraph, or items of a list: the sentence or item before the marked one stays, a
        list's lead-in, a table whole, and all where a sentence says when to get help. The longer of the two,
        for each fold is a tab stop.
        """
        start = self.passage.start
        if marked - start < _FAR:
            return None
        opens, items = start, list[int]()
        for sentence in (low for low, _ in self.passage.sentences if low < marked):
            block = find_block(self.article, sentence)
            if block.kind is Kind.PARAGRAPH:
                opens, items = sentence, []
            elif block.kind is Kind.ITEM and block.end <= marked:
                items.append(max(start, block.start))
        folds = [(start, opens), (items[0], items[-1]) if items else (start, start)]
        low, high = max(folds, key=lambda fold: fold[1] - fold[0])
        return None if low == high or warns(self.article.text[low:high]) else (low, high)

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
    def links(self) -> PassageLinks:
        """The passage's own page, its place in the article here, and the publisher's page."""
        return PassageLinks.of(self.article, self.passage)

    @property
    def permalink(self) -> str:
        """The whole address of the passage's own page."""
        return self.base + self.links.self

    @property
    def plain(self) -> str:
        """The citation as plain text."""
        return cite_plain(self.article, self.passage, self.permalink)

    @property
    def markdown(self) -> str:
        """The citation as Markdown."""
        return cite_markdown(self.article, self.passage, self.permalink)


@lru_cache(maxsize=_KEPT)
def _render_foot(template: Template, article: Article, passage: Passage, base: str) -> Markup:
    return template.make_module({"extract": Extract(article, passage, base)}).__html__()
