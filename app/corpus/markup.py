"""HTML -> pieces. Nothing is fetched or run; the only place of lxml, trafilatura and markdown-it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import trafilatura
from lxml import html
from markdown_it import MarkdownIt

from app.corpus.drafts import Draft, Piece, Proposal, make_pieces, mark_kept, read_date
from app.corpus.structure import BULLET, Kind
from app.errors import CorpusError

MAX_DEPTH = 200
"""Deeper nesting is no page that a person wrote."""

_UNSEEN = frozenset(
    "script style noscript template svg math iframe object button select textarea head".split()
)
_HEADINGS = {f"h{rank}": rank for rank in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure "
    "footer form header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
) | frozenset(_HEADINGS)
_LAYOUT = "|".join(f".//{tag}" for tag in ("table", "ul", "ol", "article", "section", *_HEADINGS))
_LINK_SHARE = 0.6
MAX_INDENT = 5
_ENDED = re.compile(r"[.!?:;…]['\"”’)\]]*\s*$|^\s*$")
_BULLET = re.compile(rf"\s*(?:{BULLET.pattern})(?=\w)")
_LISTED = re.compile(rf"{_BULLET.pattern}|\s*\d{{1,2}}[.)]\s")
_REVIEWED = re.compile(r'"lastReviewed"\s*:\s*"(\d{4}-\d\d-\d\d)')
_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d+\)(\S+) -->")


def read_page(source: str) -> Draft:
    """A saved web page: every visible piece of it, and which of them are the article."""
    pieces = tuple(walk_markup(source))
    chosen = trafilatura.extract(
        source, favor_recall=True, include_tables=True, include_comments=False, output_format="html"
    )
    kept = mark_kept(pieces, [piece.text for piece in walk_markup(chosen)]) if chosen else ()
    if any(piece.kept for piece in kept):
        return Draft(kept, _propose(source))
    return Draft(pieces, _propose(source), ("No article was recognised in the page; everything is kept.",))


def read_markdown(source: str) -> Draft:
    """A Markdown file; HTML in it is text. What a front matter says is proposed."""
    front, body = _split_front_matter(source)
    rendered = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    pieces = tuple(walk_markup(rendered))
    heading = next((piece.text for piece in pieces if piece.kind is Kind.HEADING and piece.rank == 1), None)
    proposal = Proposal(
        title=front.get("title") or heading,
        publisher=front.get("publisher"),
        url=front.get("url") or front.get("canonical"),
        author=front.get("author"),
        published=read_date(front.get("date")),
        language=front.get("lang") or front.get("language"),
    )
    return Draft(pieces, proposal)


def walk_markup(source: str) -> Iterator[Piece]:
    """Every visible piece of a page, in order; raises CorpusError when it is nested too deep."""
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = html.document_fromstring(source.encode("utf-8"), parser=parser)
    except html.etree.ParserError:
        return
    body = tree.find("body")
    walker = _Walker()
    walker.enter(tree if body is None else body, depth=0)
    walker.flush()
    yield from walker.pieces


@dataclass(slots=True)
class _Walker:
    """Gathers the words between the edges of blocks into pieces."""

    pieces: list[Piece] = field(default_factory=list)
    kind: Kind = Kind.PARAGRAPH
    rank: int = 0
    marker: str = ""
    """What an item begins with, until its first words are gathered."""
    words: list[str] = field(default_factory=list)
    linked: int = 0
    lists: list[int] = field(default_factory=list)
    """Of each list around: the number of its next item, 0 in a list without numbers."""
    heading: int = 1
    links: int = 0

    def enter(self, element: html.HtmlElement, depth: int) -> None:
        """The element and all in it, but not the words after it."""
        if depth > MAX_DEPTH:
            raise CorpusError(
                f"elements are nested more than {MAX_DEPTH} deep; save the page as text instead."
            )
        tag = element.tag
        if tag in _UNSEEN or element.get("hidden") is not None or element.get("aria-hidden") == "true":
            return
        if tag == "br":
            self._break(element.tail or "")
        elif tag == "table" and _is_table(element):
            self.flush()
            self._add_table(element)
        elif tag in _BLOCKS:
            self._enter_block(element, depth)
        else:
            self.links += tag == "a"
            self._enter_children(element, depth)
            self.links -= tag == "a"

    def flush(self) -> None:
        """Ends the piece under way."""
        text = "".join(self.words)
        linked = self.linked > _LINK_SHARE * max(1, len(text.strip()))
        self.words, self.linked = [], 0
        if text.strip():
            self.pieces.extend(self._make_pieces(text, linked=linked))
            self.marker = ""

    def _make_pieces(self, text: str, *, linked: bool) -> Iterator[Piece]:
        bullet = _BULLET.match(text)
        if self.kind is not Kind.HEADING and not self.marker and bullet:
            return make_pieces(Kind.ITEM, f"• {text[bullet.end() :]}", linked=linked)
        if self.kind is Kind.ITEM and not self.marker:
            return make_pieces(Kind.PARAGRAPH, text, linked=linked)
        return make_pieces(self.kind, self.marker + text, self.rank, linked=linked)

    def _enter_block(self, element: html.HtmlElement, depth: int) -> None:
        self.flush()
        before = (self.kind, self.rank, self.marker)
        self._begin(element)
        listed = element.tag in ("ul", "ol")
        self.lists += [_find_start(element)] * listed
        self._enter_children(element, depth)
        self.flush()
        del self.lists[len(self.lists) - listed :]
        waiting = self.marker if element.tag not in ("li", "dd") else ""
        self.kind, self.rank, self.marker = before
        self.marker = waiting and self.marker

    def _begin(self, element: html.HtmlElement) -> None:
        """What the words of this element are."""
        tag = element.tag
        if tag in _HEADINGS:
            self.kind, self.rank, self.marker = Kind.HEADING, _HEADINGS[tag], ""
            self.heading = self.rank
        elif tag == "summary":
            self.kind, self.rank, self.marker = Kind.HEADING, min(6, self.heading + 1), ""
        elif tag == "li":
            self.kind, self.rank, self.marker = (
                Kind.ITEM,
                min(MAX_INDENT, max(0, len(self.lists) - 1)),
                self._count(),
            )
        elif tag in ("ul", "ol", "table", "dl", "dt", "dd"):
            self.kind, self.rank, self.marker = Kind.PARAGRAPH, 0, ""

    def _count(self) -> str:
        """What the next item of the list begins with: a bullet, or its number."""
        if not self.lists or not self.lists[-1]:
            return "• "
        self.lists[-1] += 1
        return f"{self.lists[-1] - 1}. "

    def _enter_children(self, element: html.HtmlElement, depth: int) -> None:
        self._add(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self.enter(child, depth + 1)
            self._add(child.tail)

    def _add(self, words: str | None) -> None:
        if words:
            self.words.append(words)
            self.linked += len(words) if self.links else 0

    def _break(self, following: str) -> None:
        """A new line is a new piece, unless the sentence or the heading goes on in it."""
        ended = _ENDED.search("".join(self.words)) or _LISTED.match(following)
        if self.kind is Kind.PARAGRAPH and ended:
            self.flush()
        else:
            self.words.append(" ")

    def _add_table(self, table: html.HtmlElement) -> None:
        for caption in table.iterfind("caption"):
            self.pieces.extend(make_pieces(Kind.PARAGRAPH, caption.text_content()))
        for line_end in table.iter("br", "p", "div"):
            line_end.tail = f" {line_end.tail or ''}"
        kind = Kind.TABLE_HEADER
        for row in table.iter("tr"):
            cells = (cell.text_content() for cell in row if cell.tag in ("td", "th"))
            for piece in make_pieces(kind, " | ".join(" ".join(cell.split()) for cell in cells)):
                self.pieces.append(piece)
                kind = Kind.TABLE_ROW


def _find_start(element: html.HtmlElement) -> int:
    """The number that a list begins with; 0 when it has none."""
    start = element.get("start", "1")
    return 0 if element.tag == "ul" else int(start) if re.fullmatch(r"\d{1,4}", start) else 1


def _is_table(table: html.HtmlElement) -> bool:
    """Rows of two cells or more; what else is marked up as a table is a page's layout."""
    if table.get("role") == "presentation" or table.xpath(_LAYOUT):
        return False
    return any(sum(cell.tag in ("td", "th") for cell in row) > 1 for row in table.iter("tr"))


def _propose(source: str) -> Proposal:
    found = trafilatura.extract_metadata(source)
    saved_from = _SAVED_FROM.search(source)
    reviewed = _REVIEWED.search(source)
    return Proposal(
        title=found.title,
        publisher=found.sitename or found.hostname,
        url=found.url or (saved_from[1] if saved_from else None),
        author=found.author,
        published=read_date(found.date),
        reviewed=read_date(reviewed[1] if reviewed else None),
        language=_find_language(source),
    )


def _find_language(source: str) -> str | None:
    found = re.search(r"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)", source)
    return found[1].split("-")[0].lower() if found else None


def _split_front_matter(source: str) -> tuple[dict[str, str], str]:
    match = re.match(r"---\n(.{0,5000}?)\n---\n", source, re.DOTALL)
    if not match:
        return {}, source
    pairs = re.findall(r"^(\w+):[ \t]*(\S.*?)[ \t]*$", match[1], re.MULTILINE)
    return {key.lower(): value.strip("\"'") for key, value in pairs}, source[match.end() :]
