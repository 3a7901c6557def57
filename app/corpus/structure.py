"""Text -> blocks: title, headings, paragraphs, list items, table rows. Pure; every block is an offset pair.

The articles are plain text saved from web pages, so structure is read from what is left of it: blank
lines, indents, bullets, capital letters and final stops.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from app.records import Article, Section, Span


class Kind(StrEnum):
    """What a block is."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    TABLE_HEADER = "table header"
    TABLE_ROW = "table row"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text that is one thing; ``text[start:end]`` has no white space at either end."""

    kind: Kind
    start: int
    end: int


CONTENT = {Kind.PARAGRAPH, Kind.ITEM, Kind.TABLE_HEADER, Kind.TABLE_ROW}

MAX_HEADING_WORDS = 22
"""The longest heading in the articles has 21 words; sentences without a final stop are rarer than that."""
MAX_CHILD_WORDS = 5
"""Sub-headings name one cause or one measure ("Cold Exposure"); headings of the first rank are longer."""
MAX_ROW_WORDS = 40
MIN_TABLE_LINES = 3

_BULLET = re.compile(r"[•◦▪‣·*–-]\s*(?=\S)")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+")
_LABELLED = re.compile(r"\d{1,2}[.)]\s+[^.:?!]{3,80}:\s")
_FINAL_STOP = re.compile(r"[.!:;,…]['\"”’)\]]*$")
_QUESTION = re.compile(r"\?['\"”’)]*$")
_SMALL_WORDS = frozenset(
    "a an and as at but by for from if in into nor of off on or over per so the to up via vs with".split()
)
_FAQ = re.compile(r"(frequently asked questions|faqs?|questions and answers)\b", re.IGNORECASE)
_FIRST_RANK = re.compile(
    r"(conclusion|summary|key takeaways|frequently asked questions|faqs?|references|sources|diagnosis"
    r"|treatment)\b",
    re.IGNORECASE,
)
_ANNOUNCES_PARTS = re.compile(r"\b(causes|types|reasons|factors)\b", re.IGNORECASE)


def find_blocks(article: Article) -> tuple[Block, ...]:
    """The blocks of an article, in order, covering everything but white space."""
    text = article.text
    chunks = _split_into_chunks(text)
    blocks = [block for chunk in chunks for block in _classify_chunk(text, chunk)]
    return tuple(_mark_special(article, block, first=i == 0) for i, block in enumerate(blocks))


def find_sections(text: str, blocks: tuple[Block, ...]) -> tuple[tuple[Section, tuple[Block, ...]], ...]:
    """The sections that hold content, each with its content blocks, in order."""
    outline = _Outline(text)
    sections: list[tuple[tuple[str, ...], list[Block]]] = [((), [])]
    for block in blocks:
        if block.kind is Kind.HEADING:
            sections.append((outline.enter(block), []))
        elif block.kind in CONTENT:
            sections[-1][1].append(block)
            outline.pass_content(block)
    return tuple((Section(path, held[0].start, held[-1].end), tuple(held)) for path, held in sections if held)


def is_labelled(text: str, block: Block) -> bool:
    """Whether a paragraph carries its own label ("4. Calcium Deficiency: Calcium ...")."""
    return block.kind is Kind.PARAGRAPH and _LABELLED.match(text, block.start, block.end) is not None


def announces_list(text: str, block: Block) -> bool:
    """Whether a paragraph leads into what follows ("... such as:")."""
    return block.kind is Kind.PARAGRAPH and text[block.start : block.end].endswith(":")


class _Outline:
    """Follows the headings of an article and knows the path to where we are.

    Plain text keeps no ranks, so a heading is put under another only where the text says so: a
    numbered heading, a question among the frequently asked ones, or a short heading after one that
    announces parts. Everything else is of the first rank: a flat outline is poorer, a wrong one misleads.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._parent = ""
        self._announces = False

    def enter(self, heading: Block) -> tuple[str, ...]:
        """The path of the section that this heading opens."""
        name = self._text[heading.start : heading.end]
        if self._parent and self._is_child(name):
            return (self._parent, name)
        self._parent = name
        self._announces = _ANNOUNCES_PARTS.search(name) is not None
        return (name,)

    def pass_content(self, block: Block) -> None:
        """A lead-in ("... strategies help:") announces parts as long as nothing else follows it."""
        self._announces = self._announces or announces_list(self._text, block)

    def _is_child(self, name: str) -> bool:
        if _NUMBER.match(name):
            return not _NUMBER.match(self._parent)
        if _QUESTION.search(name):
            return _FAQ.match(self._parent) is not None
        short = len(name.split()) <= MAX_CHILD_WORDS
        return self._announces and short and not _FIRST_RANK.match(name)


def _split_into_chunks(text: str) -> list[list[Span]]:
    """Runs of lines without a blank line between them; each line as a trimmed offset pair.

    A text without a single blank line keeps one block a line, so each of its lines is a chunk.
    """
    chunks: list[list[Span]] = [[]]
    offset = 0
    for line in text.split("\n"):
        words = line.strip()
        if words:
            start = offset + line.index(words)
            chunks[-1].append((start, start + len(words)))
        else:
            chunks.append([])
        offset += len(line) + 1
    chunks = [chunk for chunk in chunks if chunk]
    return [[line] for line in chunks[0]] if len(chunks) == 1 else chunks


def _classify_chunk(text: str, lines: list[Span]) -> list[Block]:
    """The blocks of one chunk: a table, a paragraph broken by hand, or a block a line."""
    if _is_table(text, lines):
        kinds = [Kind.TABLE_HEADER] + [Kind.TABLE_ROW] * (len(lines) - 1)
        return [Block(kind, *line) for kind, line in zip(kinds, lines, strict=True)]
    if _is_hard_wrapped(text, lines):
        return [Block(Kind.PARAGRAPH, lines[0][0], lines[-1][1])]
    return [Block(_classify_line(text[start:end]), start, end) for start, end in lines]


def _is_table(text: str, lines: list[Span]) -> bool:
    """A header in title case over rows that each begin with a capital, a number or a bar."""
    if len(lines) < MIN_TABLE_LINES:
        return False
    header, *rows = (text[start:end] for start, end in lines)
    if any(_BULLET.match(line) or len(line.split()) > MAX_ROW_WORDS for line in (header, *rows)):
        return False
    if header.startswith("|"):
        return all(row.startswith("|") for row in rows)
    return _is_title_case(header) and all(row[0].isupper() or row[0].isdigit() for row in rows)


def _is_title_case(line: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]+", line) if word.lower() not in _SMALL_WORDS]
    return (
        len(words) >= MIN_TABLE_LINES
        and all(word[0].isupper() for word in words)
        and not _ends_a_clause(line)
    )


def _is_hard_wrapped(text: str, lines: list[Span]) -> bool:
    """Lines broken by an editor: none but the last ends a sentence, and the next goes on in lower case."""
    if len(lines) == 1 or _BULLET.match(text, *lines[0]):
        return False
    followers = [text[start] for start, _ in lines[1:]]
    return sum(character.islower() for character in followers) * 2 > len(followers)


def _classify_line(line: str) -> Kind:
    if _BULLET.match(line):
        return Kind.ITEM
    if len(line.split()) <= MAX_HEADING_WORDS and not _ends_a_clause(line) and not line.startswith("|"):
        return Kind.HEADING
    return Kind.PARAGRAPH


def _ends_a_clause(line: str) -> bool:
    return _FINAL_STOP.search(line) is not None


def _mark_special(article: Article, block: Block, *, first: bool) -> Block:
    """Titles and excluded lines are told by the metadata, whatever their form."""
    line = article.text[block.start : block.end]
    if article.exclude and line.startswith(article.exclude):
        return replace(block, kind=Kind.EXCLUDED)
    if first and line == article.title:
        return replace(block, kind=Kind.TITLE)
    return block
