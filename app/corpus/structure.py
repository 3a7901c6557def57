"""Text -> blocks: title, headings, paragraphs, list items, table rows. Pure; every block is an offset pair.

The articles are plain text saved from web pages, so structure is read from what is left of it: blank
lines, indents, bullets, bars, capital letters and final stops. Where a text says more (headings marked
with ``#``), that is believed and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, pairwise, zip_longest

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
    RULE = "rule"
    """A line without a letter or digit, such as ``* * *``."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text that is one thing; ``text[start:end]`` has no white space at either end."""

    kind: Kind
    start: int
    end: int
    rank: int = 0
    """Of a heading marked with ``#`` (not part of the block): how many; 0 where the text keeps no ranks."""


CONTENT = {Kind.PARAGRAPH, Kind.ITEM, Kind.TABLE_HEADER, Kind.TABLE_ROW}

MAX_HEADING_WORDS = 22
"""The longest heading in the articles has 21 words; sentences without a final stop are rarer than that."""
MAX_HEADING_CHARACTERS = 250
MAX_CHILD_WORDS = 5
"""Sub-headings name one cause or one measure ("Cold Exposure"); headings of the first rank are longer."""
MAX_LABEL_WORDS = 5
"""A heading may end in a colon when it is a mere label ("Symptoms:")."""
MAX_ROW_WORDS = 40
MIN_TABLE_LINES = 3
MIN_HEADER_WORDS = 3
MAX_WIDTH = 140
"""Editors break lines at 60 to 120 characters; longer lines were never broken by one."""
FULL_LINE = 0.7
"""A line is full when it has this share of the width at which its text was broken."""

BULLET = re.compile(r"[•◦▪▫‣⁃∙·●○■□►▶➢➤✓✔✗✘→\uf0b7\uf0a7]\s*(?=\S)|[*–—-]\s+(?=\S)|o\s+(?=[A-Z])")
"""What an item of a list begins with, wherever lists are read; Word and PDF have signs of their own."""
NUMBER = re.compile(r"\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})\)\s+|\d{1,2}\.\s+")
_MARK = re.compile(r"(#{1,6})\s+(?=\S)")
_LABELLED = re.compile(r"\d{1,2}[.)]\s+[^.:?!]{3,80}:\s")
_CLOSERS = "'\"”’)]"
_SENTENCE_STOPS = (".", "!", "?", ":", "…")
_CLAUSE_STOPS = (".", "!", ":", ";", ",", "…")
_WORDS = re.compile(r"[^\W\d_]+")
_LETTER = re.compile(r"[^\W_]")
_BREAKS_OFF = re.compile(r"(?:,|(?:^|\s)(?:a|an|the|and|or|of|your|their|is|are|that|than|as|from|by))$")
"""How no heading and no list item ends: the sentence goes on in the next line."""
_NEXT_CELL = re.compile(r"[^\W_][)/]?\s+(?:[A-Z]|\d)")
"""A capital or number in mid-sentence: where a cell of a flattened table begins."""
_CAPITAL = re.compile(r"(?<!\S)(\S+)\s+(?=([A-Z]))")
"""A word, and where the next one begins with a capital."""
_BAR = re.compile(r"[ ]*\|[ ]*|\t+")
_SMALL_WORDS = frozenset(
    "a an and as at but by for from if in into nor of off on or over per so the to up via vs with".split()
)
_FAQ = re.compile(r"(frequently asked questions|faqs?|questions and answers)\b", re.IGNORECASE)
_FIRST_RANK = re.compile(
    r"(conclusion|summary|key takeaways|frequently asked questions|faqs?"
    r"|references|sources|diagnosis|treatment)\b",
    re.IGNORECASE,
)
_ANNOUNCES_PARTS = re.compile(r"\b(causes|types|reasons|factors)\b", re.IGNORECASE)


def find_blocks(article: Article) -> tuple[Block, ...]:
    """The blocks of an article, in order, covering everything but white space and heading marks."""
    text = article.text
    chunks = _split_into_chunks(text)
    form = _Form.read(article, chunks)
    title = _take_title(article, chunks)
    blocks = [block for chunk in chunks for block in _classify_chunk(text, chunk, form)]
    return (*title, *_settle(text, blocks, marked=form.marked))


def find_sections(text: str, blocks: Sequence[Block]) -> tuple[tuple[Section, tuple[Block, ...]], ...]:
    """The sections that hold content, each with its content blocks, in order.

    What is excluded parts a section in two with the same path, so that no passage runs across it.
    """
    outline = Outline(text)
    sections: list[tuple[tuple[str, ...], list[Block]]] = [((), [])]
    for block in blocks:
        if block.kind is Kind.HEADING:
            sections.append((outline.enter(block), []))
        elif block.kind is Kind.EXCLUDED:
            sections.append((sections[-1][0], []))
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


def find_item_sign(text: str, item: Block) -> tuple[int, bool]:
    """Where the words of a list item begin, after its bullet or number, and whether it was a number."""
    number = NUMBER.match(text, item.start, item.end)
    sign = number or BULLET.match(text, item.start, item.end)
    return (sign.end() if sign else item.start), number is not None


def find_tables(text: str, blocks: Sequence[Block]) -> Iterator[list[tuple[Block, tuple[Span, ...]]]]:
    """Each table's rows with their cells, the header first.

    Where bars and tabs are lost, a cell is what a capital letter begins. The row with the fewest of them
    says how many columns there are; in the others a first cell of several capitals ("Physical Appearance")
    takes the rest. A row that cannot be cut so is one cell: no table is poorer, a wrong one misleads.
    """
    table: list[Block] = []
    for block in (*blocks, None):
        ruled = block is not None and block.kind is Kind.RULE and text.find("|", block.start, block.end) >= 0
        if table and block and (block.kind is Kind.TABLE_ROW or ruled):
            table.append(block)
            continue
        if table:
            yield list(zip(table, _cut_cells(text, table), strict=True))
        table = [block] if block and block.kind is Kind.TABLE_HEADER else []


def _cut_cells(text: str, table: Sequence[Block]) -> list[tuple[Span, ...]]:
    if any(_has_cells(text, (row.start, row.end)) for row in table):
        return [tuple(_split_at_bars(text, row)) for row in table]
    starts = [[row.start, *_find_capitals(text, row)] for row in table]
    columns = min((len(found) for found in starts[1:]), default=1)
    # Every word of a header begins with a capital, so that nothing says which of them belong together.
    kept = [starts[0] if len(starts[0]) == columns else starts[0][:1]]
    kept += [_merge_first_cell(text, found, columns) for found in starts[1:]]
    return [
        tuple(zip(found, [*found[1:], row.end], strict=True)) for row, found in zip(table, kept, strict=True)
    ]


def _split_at_bars(text: str, row: Block) -> Iterator[Span]:
    start, end = row.start, row.end
    bars = [match.span() for match in _BAR.finditer(text, start, end)]
    if bars and bars[0][0] == start:
        start = bars.pop(0)[1]
    if bars and bars[-1][1] == end:
        end = bars.pop()[0]
    for bar_start, bar_end in bars:
        yield start, bar_start
        start = bar_end
    yield start, max(start, end)


def _find_capitals(text: str, row: Block) -> list[int]:
    """Where words begin with a capital, unless a small word ("Time of Occurrence") binds them."""
    return [
        match.start(2)
        for match in _CAPITAL.finditer(text, row.start, row.end)
        if match[1].lower() not in _SMALL_WORDS
    ]


def _merge_first_cell(text: str, starts: list[int], columns: int) -> list[int]:
    """The starts of ``columns`` cells, or of one where the capitals of the first do not follow each other."""
    surplus = len(starts) - columns
    label = text[starts[0] : starts[surplus]].split()
    if all(word[0].isupper() or word in _SMALL_WORDS for word in label):
        return [starts[0], *starts[surplus + 1 :]]
    return starts[:1]


class Outline:
    """Follows the headings of an article and knows the path to where we are.

    Plain text keeps no ranks, so a heading is put under another only where the text says so: a
    numbered heading, a question among the frequently asked ones, or a short heading after one that
    announces parts. Everything else is of the first rank: a flat outline is poorer, a wrong one misleads.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._ranked: list[tuple[int, str]] = []
        self._parent = ""
        self._announces = False
        self._numbered = False

    def enter(self, heading: Block) -> tuple[str, ...]:
        """The path of the section that this heading opens."""
        name = " ".join(self._text[heading.start : heading.end].split())
        if heading.rank:
            self._ranked = [entry for entry in self._ranked if entry[0] < heading.rank]
            self._ranked.append((heading.rank, name))
            return tuple(name for _, name in self._ranked)
        if self._parent and self._is_child(name):
            self._numbered = NUMBER.match(name) is not None
            return (self._parent, name)
        self._parent, self._numbered = name, False
        self._announces = _ANNOUNCES_PARTS.search(name) is not None
        return (name,)

    def pass_content(self, block: Block) -> None:
        """A lead-in ("... strategies help:") announces parts as long as nothing else follows it."""
        self._announces = self._announces or announces_list(self._text, block)

    def _is_child(self, name: str) -> bool:
        if NUMBER.match(name):
            return not NUMBER.match(self._parent)
        if name.rstrip(_CLOSERS).endswith("?"):
            return _FAQ.match(self._parent) is not None
        short = len(name.split()) <= MAX_CHILD_WORDS
        return self._announces and short and not self._numbered and not _FIRST_RANK.match(name)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a text was written down."""

    dense: bool
    """There is no blank line: each line is a block."""
    marked: bool
    """Its headings are marked with ``#``, so no other line is one."""
    width: int
    """Where an editor broke its lines, in characters; 0 when none did."""
    exclude: tuple[str, ...]

    @classmethod
    def read(cls, article: Article, chunks: Sequence[Sequence[Span]]) -> _Form:
        text = article.text
        starts = [chunk[0][0] for chunk in chunks] if len(chunks) > 1 else [line[0] for line in chunks[0]]
        # A line on "# of feeds" is no heading; a single mark over anything else is one.
        marks = [mark for start in starts if (mark := _MARK.match(text, start))]
        return cls(
            dense=len(chunks) == 1,
            marked=len(marks) > 1 or any(not text[mark.end()].islower() for mark in marks),
            width=_find_width(text, chunks),
            exclude=article.exclude,
        )

    def excludes(self, text: str, line: Span) -> bool:
        """Whether the metadata says that this line, marked as a heading or not, is no content."""
        mark = _MARK.match(text, *line)
        return bool(self.exclude) and text.startswith(self.exclude, mark.end() if mark else line[0], line[1])


def _split_into_chunks(text: str) -> list[list[Span]]:
    """Runs of lines without a blank line between them; each line as a trimmed offset pair."""
    chunks: list[list[Span]] = [[]]
    offset = 0
    for line in text.split("\n"):
        words = line.strip()
        if words:
            start = offset + line.index(words)
            chunks[-1].append((start, start + len(words)))
        elif chunks[-1]:
            chunks.append([])
        offset += len(line) + 1
    return [chunk for chunk in chunks if chunk] or [[]]


def _find_width(text: str, chunks: Iterable[Sequence[Span]]) -> int:
    """A text was broken by an editor when many lines go on in lower case in the next one."""
    pairs = [pair for chunk in chunks for pair in pairwise(chunk) if not _opens(text, pair[1])]
    broken = [end - start for (start, end), (follower, _) in pairs if text[follower].islower()]
    width = max(broken, default=0)
    return width if len(broken) * 4 > len(pairs) and width <= MAX_WIDTH else 0


def _take_title(article: Article, chunks: list[list[Span]]) -> list[Block]:
    """Removes the first line from its chunk when it is the title that the metadata gives."""
    if not chunks[0]:
        return []
    start, end = chunks[0][0]
    mark = _MARK.match(article.text, start, end)
    start = mark.end() if mark else start
    if _fold(article.text[start:end]) != _fold(article.title):
        return []
    del chunks[0][0]
    return [Block(Kind.TITLE, start, end)]


def _fold(line: str) -> str:
    return " ".join(line.casefold().split())


def _classify_chunk(text: str, lines: Sequence[Span], form: _Form) -> list[Block]:
    """The blocks of one chunk: a table, or lines, some of which an editor broke."""
    if not form.dense and _is_flat_table(text, lines):
        return _make_table(text, lines)
    blocks: list[Block] = []
    for group in _group_lines(text, lines, form):
        if _has_cells(text, group[0]) and len(group) > 1:
            blocks.extend(_make_table(text, group))
            continue
        block = _classify_group(text, group, form)
        if not form.dense and block.kind is Kind.HEADING and not block.rank and _begs_item(text, blocks):
            block = replace(block, kind=Kind.ITEM)
        blocks.append(block)
    return blocks


def _begs_item(text: str, before: Sequence[Block]) -> bool:
    """A short line right under a lead-in or under another short line is one of a list without bullets."""
    if not before:
        return False
    last = before[-1]
    bare = last.kind is Kind.ITEM and not _opens(text, (last.start, last.end))
    return bare or last.kind is Kind.HEADING or announces_list(text, last)


def _make_table(text: str, lines: Sequence[Span]) -> list[Block]:
    """The first line is the header, or bars and dashes where there is none; such a line is never a row."""
    header, *rows = lines
    kinds = (Kind.RULE if _is_rule(text, row) else Kind.TABLE_ROW for row in rows)
    return [
        Block(Kind.RULE if _is_rule(text, header) else Kind.TABLE_HEADER, *header),
        *(Block(kind, *row) for kind, row in zip(kinds, rows, strict=True)),
    ]


def _is_flat_table(text: str, lines: Sequence[Span]) -> bool:
    """A header in title case over rows whose cells can be told by the capitals they begin with."""
    if len(lines) < MIN_TABLE_LINES:
        return False
    header, *rows = (text[start:end] for start, end in lines)
    if any(BULLET.match(line) or len(line.split()) > MAX_ROW_WORDS for line in (header, *rows)):
        return False
    opens = all(row[0].isupper() or row[0].isdigit() for row in rows)
    return opens and _is_title_case(header) and sum(map(_has_inner_cell, rows)) * 2 > len(rows)


def _has_inner_cell(row: str) -> bool:
    return _NEXT_CELL.search(row) is not None


def _is_title_case(line: str) -> bool:
    words = [word for word in _WORDS.findall(line) if word.lower() not in _SMALL_WORDS]
    capitals = all(word[0].isupper() for word in words)
    return len(words) >= MIN_HEADER_WORDS and capitals and not _ends_with(line, _CLAUSE_STOPS)


def _has_cells(text: str, line: Span) -> bool:
    """Bars or tabs between cells, or a bar after a row's only one."""
    bars = text.find(" | ", *line) >= 0 or text[line[0]] == "|" or text.endswith(" |", *line)
    return bars or text.find("\t", *line) >= 0


def _group_lines(text: str, lines: Sequence[Span], form: _Form) -> Iterator[list[Span]]:
    """Lines that belong together: the rows of a table with bars, or a paragraph or item that was broken."""
    group: list[Span] = []
    for line in lines:
        if group and not _continues(text, group[-1], line, form):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _continues(text: str, line: Span, follower: Span, form: _Form) -> bool:
    if form.excludes(text, follower):
        return False
    cells = _has_cells(text, line)
    if cells or _has_cells(text, follower):
        return cells and _has_cells(text, follower)
    if _opens(text, follower) or _MARK.match(text, *line) or _is_rule(text, line):
        return False
    words = text[line[0] : line[1]]
    if text[follower[0]].islower() or _BREAKS_OFF.search(words[-20:]):
        return True
    full = form.width > 0 and len(words) >= FULL_LINE * form.width
    return full and not (form.dense and _ends_with(words, _SENTENCE_STOPS))


def _opens(text: str, line: Span) -> bool:
    """Whether a line begins something of its own, whatever stands before it."""
    return any(sign.match(text, *line) for sign in (BULLET, NUMBER, _MARK)) or _is_rule(text, line)


def _is_rule(text: str, line: Span) -> bool:
    return _LETTER.search(text, *line) is None


def _classify_group(text: str, lines: Sequence[Span], form: _Form) -> Block:
    start, end = lines[0][0], lines[-1][1]
    mark = _MARK.match(text, start, end)
    if form.excludes(text, lines[0]):
        return Block(Kind.EXCLUDED, start, end)
    if mark:
        return Block(Kind.HEADING, mark.end(), end, rank=len(mark[1]))
    if _is_rule(text, (start, end)):
        return Block(Kind.RULE, start, end)
    if BULLET.match(text, start, end):
        return Block(Kind.ITEM, start, end)
    heading = len(lines) == 1 and not form.marked and _is_heading(text[start:end])
    return Block(Kind.HEADING if heading else Kind.PARAGRAPH, start, end)


def _is_heading(line: str) -> bool:
    """Short and without a final stop, or a short question."""
    short = len(line) <= MAX_HEADING_CHARACTERS and len(line.split()) <= MAX_HEADING_WORDS
    return short and not _ends_with(line, _CLAUSE_STOPS)


def _ends_with(line: str, stops: tuple[str, ...]) -> bool:
    return line.rstrip(_CLOSERS).endswith(stops)


def _settle(text: str, blocks: list[Block], *, marked: bool) -> list[Block]:
    """What only the neighbours can tell: numbered items, lists without bullets, labels as headings."""
    blocks = _find_numbered_items(text, blocks)
    return blocks if marked else _find_labels(text, _find_bare_items(text, blocks))


def _find_numbered_items(text: str, blocks: Sequence[Block]) -> list[Block]:
    """A short numbered line beside another one is an item: a heading would have text under it."""
    numbered = [False, *(_is_numbered_line(text, block) for block in blocks), False]
    return [
        replace(block, kind=Kind.ITEM) if own and (before or after) else block
        for block, before, own, after in zip(blocks, numbered, numbered[1:], numbered[2:], strict=False)
    ]


def _is_numbered_line(text: str, block: Block) -> bool:
    if block.kind not in (Kind.HEADING, Kind.PARAGRAPH, Kind.ITEM) or block.rank or is_labelled(text, block):
        return False
    short = len(text[block.start : block.end].split()) <= MAX_ROW_WORDS
    return short and NUMBER.match(text, block.start, block.end) is not None


def _find_bare_items(text: str, blocks: Sequence[Block]) -> list[Block]:
    """Short lines in a row, without a word of text under any of them, are a list and not headings.

    The first of a row may head the list (unless a lead-in does), the last may head the text after it.
    """
    settled: list[Block] = []
    runs = [list(run) for _, run in groupby(blocks, key=_is_guessed_heading)]
    for run, after in zip_longest(runs, runs[1:]):
        if _is_guessed_heading(run[0]) and len(run) > 1:
            first = 0 if settled and announces_list(text, settled[-1]) else 1
            last = len(run) - 1 if after and after[0].kind in CONTENT else len(run)
            items = [replace(block, kind=Kind.ITEM) for block in run[first:last]]
            run = [*run[:first], *items, *run[max(first, last) :]]
        settled.extend(run)
    return settled


def _is_guessed_heading(block: Block) -> bool:
    return block.kind is Kind.HEADING and not block.rank


def _find_labels(text: str, blocks: Sequence[Block]) -> list[Block]:
    """A label alone on its line ("Symptoms:") heads the paragraph after it; before a list it leads in."""
    kinds = [block.kind for block in blocks]
    return [
        replace(block, kind=Kind.HEADING)
        if kind is Kind.PARAGRAPH and after is Kind.PARAGRAPH and _is_label(text[block.start : block.end])
        else block
        for block, kind, after in zip_longest(blocks, kinds, kinds[1:])
    ]


def _is_label(line: str) -> bool:
    return line.endswith(":") and line[0].isupper() and len(line.split()) <= MAX_LABEL_WORDS
