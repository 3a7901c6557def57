"""An article's words as HTML, without changing, adding or dropping one character.

Only tags are put between the characters: paragraphs, lists and tables as `app.corpus.structure` finds them.
Reading the text content back, unescaped, gives the very characters of the source. White space between two
blocks goes with the first of them, where a browser shows none of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import groupby

from markupsafe import Markup

from app.corpus.structure import Block, Kind, find_blocks, find_tables, follow_headings
from app.records import Article, Passage, Span

_DEEPEST = 6
"""HTML has no deeper heading."""
_WIDE = 2
"""With more columns than this, a phone shows the cells of a row one under the other."""


@dataclass(frozen=True, slots=True)
class _PagePart:
    """A stretch of an article's page: a heading, a passage, or what stands between."""

    html: Markup
    level: int = 0
    """1 to 6 for a heading."""
    id: str = ""
    name: str = ""
    """A heading's own words, for the outline."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table."""

    cells: tuple[Span, ...]
    """Fewer than ``columns`` where nobody can tell where one ends: the last goes across the rest."""
    columns: int
    names: tuple[str, ...]
    """Of the columns, if the header tells."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of one block, up to where the next one begins."""

    block: Block
    start: int
    end: int
    container: str
    """``ul``, ``ol``, ``table`` with its number of columns, or "" for a paragraph."""


def typeset(article: Article, span: Span, highlights: Sequence[Span] = ()) -> Markup:
    """A span of an article, one element a block; ``highlights`` count from the article's beginning."""
    blocks, rows = _lay_out(article)
    text, marks = article.text, sorted(highlights)
    stretches = list(_cut_stretches(text, span, blocks, rows))
    html = [escape(text[span[0] : stretches[0].start if stretches else span[1]], quote=False)]
    for container, group in groupby(stretches, key=lambda stretch: stretch.container):
        tag, _, columns = container.partition(" ")
        if tag == "table":
            html.append('<table class="wide">' if int(columns) > _WIDE else "<table>")
            html += (_set_row(text, stretch, rows[stretch.block.start], marks) for stretch in group)
        elif tag:
            # Safari takes a list without markers for none, unless it is told.
            html.append(f'<{tag} role="list">')
            html += (_set_item(text, stretch, marks) for stretch in group)
        else:
            html += (f"<p>{_set_run(text, stretch.start, stretch.end, marks)}</p>" for stretch in group)
        html.append(f"</{tag}>" if tag else "")
    # Plain strings, escaped above and marked safe once: a Markup for each stretch took most of a page's time.
    return Markup("".join(html))  # noqa: S704


def lay_out_article(article: Article, passages: Sequence[Passage]) -> Iterator[_PagePart]:
    """The whole article in parts that, joined, hold every one of its characters."""
    parts: list[tuple[Span, _PagePart]] = []
    for passage in passages:
        span = (passage.start, passage.end)
        parts.append((span, _PagePart(typeset(article, span), id=f"p-{passage.id}")))
    for block, path in follow_headings(article.text, _lay_out(article)[0]):
        if block.kind in (Kind.TITLE, Kind.HEADING):
            name = article.text[block.start : block.end]
            level = 1 if block.kind is Kind.TITLE else min(len(path) + 1, _DEEPEST)
            heading = _PagePart(Markup.escape(name), level, f"s-{block.start}", name)
            parts.append(((block.start, block.end), heading))
    position = 0
    for span, part in sorted(parts, key=lambda pair: pair[0]):
        if position < span[0]:
            yield _part_between(article, position, span[0])
        yield part
        position = span[1]
    if position < len(article.text):
        yield _part_between(article, position, len(article.text))


def find_block(article: Article, offset: int) -> Block:
    """What stands there: running text, an item of a list, a row of a table."""
    blocks, _ = _lay_out(article)
    return blocks[bisect_right(blocks, offset, key=lambda block: block.start) - 1]


def _part_between(article: Article, start: int, end: int) -> _PagePart:
    text = article.text[start:end]
    if text.isspace():
        return _PagePart(Markup.escape(text))
    if not text.strip("# \n"):
        # What marks a heading in the file is there to be read by programs; the page shows a heading.
        return _PagePart(Markup("<span hidden>{}</span>").format(text))
    return _PagePart(typeset(article, (start, end)))


@lru_cache(maxsize=256)
def _lay_out(article: Article) -> tuple[tuple[Block, ...], Mapping[int, _Row]]:
    """An article's blocks, and the rows of its tables by where they begin."""
    blocks = find_blocks(article)
    rows: dict[int, _Row] = {}
    for table in find_tables(article.text, blocks):
        columns = max(len(cells) for _, cells in table)
        head = table[0][1]
        names = tuple(article.text[slice(*cell)] for cell in head) if len(head) == columns else ()
        rows |= {block.start: _Row(cells, columns, names) for block, cells in table}
    return blocks, rows


def _cut_stretches(
    text: str, span: Span, blocks: Sequence[Block], rows: Mapping[int, _Row]
) -> Iterator[_Stretch]:
    start, end = span
    first = bisect_left(blocks, start, key=lambda block: block.end)
    last = bisect_left(blocks, end, key=lambda block: block.start)
    for place in range(first, last):
        block = blocks[place]
        low = max(start, block.start)
        high = min(end, blocks[place + 1].start) if place + 1 < last else end
        container = ""
        # The rest of an item or row that a span begins in the middle of is a paragraph.
        if low == block.start and low in rows:
            container = f"table {rows[low].columns}"
        elif low == block.start and block.kind is Kind.ITEM:
            container = "ol" if block.read_sign(text)[1] else "ul"
        yield _Stretch(block, low, high, container)


def _set_item(text: str, stretch: _Stretch, marks: Sequence[Span]) -> str:
    """A list item; its own bullet stands for the one that the page would draw."""
    sign = min(stretch.block.read_sign(text)[0], stretch.end)
    words = _set_run(text, sign, stretch.end, marks)
    if sign == stretch.start:
        return f'<li class="bare">{words}</li>'
    # A list says by itself that these are its items; a number says more.
    hidden = ' aria-hidden="true"' if stretch.container == "ul" else ""
    return (
        f'<li><span class="sign"{hidden}>{escape(text[stretch.start : sign], quote=False)}</span>{words}</li>'
    )


def _set_row(text: str, stretch: _Stretch, row: _Row, marks: Sequence[Span]) -> str:
    kind, position = stretch.block.kind, stretch.start
    cells = [(low, min(high, stretch.end)) for low, high in row.cells if low < stretch.end] or [
        (stretch.start, stretch.end)
    ]
    html = ["<tr hidden>" if kind is Kind.RULE else "<tr>"]
    for place, (low, high) in enumerate(cells):
        tag, attributes = "td", ""
        if kind is Kind.TABLE_HEADER:
            tag, attributes = "th", f' scope="{"col" if len(row.cells) == row.columns else "colgroup"}"'
        elif place == 0 and row.columns > 1 and kind is not Kind.RULE:
            tag, attributes = "th", ' scope="row"'
        if place == len(row.cells) - 1 and place + 1 < row.columns:
            attributes += f' colspan="{row.columns - place}"'
        if tag == "td" and place < len(row.names):
            attributes += f' data-label="{escape(row.names[place])}"'
        html.append(f"<{tag}{attributes}>{_hide(text[position:low])}{_set_run(text, low, high, marks)}")
        position = high
        if place == len(cells) - 1:
            html.append(_hide(text[position : stretch.end]))
        html.append(f"</{tag}>")
    return "".join(html) + "</tr>"


def _hide(between: str) -> str:
    """Bars and tabs between cells are there to be read by programs, as the marks of headings are."""
    return f"<span hidden>{escape(between, quote=False)}</span>" if between.strip() else between


def _set_run(text: str, start: int, end: int, marks: Sequence[Span]) -> str:
    """Words, the marked ones in <mark>."""
    html: list[str] = []
    position = start
    for mark_start, mark_end in marks:
        low, high = max(mark_start, position), min(mark_end, end)
        if low < high and not text[low:high].isspace():
            html.append(escape(text[position:low], quote=False))
            html.append(f"<mark>{escape(text[low:high], quote=False)}</mark>")
            position = high
    html.append(escape(text[position:end], quote=False))
    return "".join(html)
