"""An article's words as HTML, without changing, adding or dropping one character.

Only tags are put between the characters. Reading the text content back, unescaped, gives the very
characters of the source; how lines, lists, tables and gaps look is left to the style sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from types import MappingProxyType

from markupsafe import Markup

from app.corpus.structure import CONTENT, Kind, Outline, find_blocks
from app.records import Article, Passage, Span

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_DEEPEST = 6
"""HTML has no deeper heading."""
_CLASSES = {Kind.ITEM: "item", Kind.TABLE_HEADER: "row head", Kind.TABLE_ROW: "row"}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an article's page: a heading, a passage, or what stands between."""

    html: Markup
    level: int = 0
    """1 to 6 for a heading."""
    id: str = ""
    name: str = ""
    """A heading's own words, for the outline."""


def typeset(article: Article, span: Span, highlights: Sequence[Span] = ()) -> Markup:
    """A span of an article, one element a line; ``highlights`` count from the article's beginning."""
    kinds = _find_kinds(article)
    marks = sorted(highlights)
    pieces: list[str] = []
    for line in _split_lines(article.text, *span):
        pieces += _set_line(article.text, line, _class_of(article.text, line, kinds), marks)
    # Plain strings, escaped above and marked safe once: a Markup for each stretch took most of a page's time.
    return Markup("".join(pieces))  # noqa: S704


def lay_out_article(article: Article, passages: Sequence[Passage]) -> Iterator[Part]:
    """The whole article in parts that, joined, hold every one of its characters."""
    position = 0
    for span, part in sorted(
        [*_headings(article), *_passage_parts(article, passages)], key=lambda pair: pair[0]
    ):
        if position < span[0]:
            yield _part_between(article, position, span[0])
        yield part
        position = span[1]
    if position < len(article.text):
        yield _part_between(article, position, len(article.text))


def _part_between(article: Article, start: int, end: int) -> Part:
    text = article.text[start:end]
    if text.isspace():
        return Part(Markup.escape(text))
    if not text.strip("# \n"):
        # What marks a heading in the file is there to be read by programs; the page shows a heading.
        return Part(Markup("<span hidden>{}</span>").format(text))
    return Part(typeset(article, (start, end)))


def _passage_parts(article: Article, passages: Sequence[Passage]) -> Iterator[tuple[Span, Part]]:
    for passage in passages:
        span = (passage.start, passage.end)
        yield span, Part(typeset(article, span), id=f"p-{passage.id}")


def _headings(article: Article) -> Iterator[tuple[Span, Part]]:
    outline = Outline(article.text)
    for block in find_blocks(article):
        if block.kind in CONTENT:
            outline.pass_content(block)
        if block.kind in (Kind.TITLE, Kind.HEADING):
            name = article.text[block.start : block.end]
            level = 1 if block.kind is Kind.TITLE else min(len(outline.enter(block)) + 1, _DEEPEST)
            yield (block.start, block.end), Part(Markup.escape(name), level, f"s-{block.start}", name)


@lru_cache(maxsize=256)
def _find_kinds(article: Article) -> Mapping[int, Kind]:
    """Where each block begins, and what it is."""
    return MappingProxyType({block.start: block.kind for block in find_blocks(article)})


def _split_lines(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _LINE.finditer(text, start, end):
        yield match.span()


def _class_of(text: str, line: Span, kinds: Mapping[int, Kind]) -> str:
    words = text[line[0] : line[1]]
    if words.isspace():
        return "gap"
    kind = kinds.get(line[0] + len(words) - len(words.lstrip()))
    return _CLASSES.get(kind, "line") if kind else "line"


def _set_line(text: str, line: Span, name: str, marks: Sequence[Span]) -> Iterator[str]:
    yield f'<span class="{name}">'
    position, end = line
    for mark_start, mark_end in marks:
        low, high = max(mark_start, position), min(mark_end, end)
        if low < high and not text[low:high].isspace():
            yield escape(text[position:low], quote=False)
            yield f"<mark>{escape(text[low:high], quote=False)}</mark>"
            position = high
    yield escape(text[position:end], quote=False)
    yield "</span>"
