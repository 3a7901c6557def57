"""Text -> blocks: title, headings, paragraphs, list items, table rows. Pure; every block is an offset pair.

The articles are plain text saved from web pages, so structure is read from what is left of it: blank
lines, indents, bullets, bars, capital letters and final stops. Where a text says more (headings marked
with ``#``), that is believed and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, groupby, pairwise, zip_longest

from app.records import Article, Span


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

    def is_labelled(self, text: str) -> bool:
        """Whether a paragraph carries its own label ("4. Calcium Deficiency: Calcium ...")."""
        return self.kind is Kind.PARAGRAPH and _LABELLED.match(text, self.start, self.end) is not None

    def announces_list(self, text: str) -> bool:
        """Whether a paragraph leads into what follows ("... such as:")."""
        return self.kind is Kind.PARAGRAPH and text[self.start : self.end].endswith(":")

    def read_sign(self, text: str) -> tuple[int, bool]:
        """Where a list item's words begin, after its bullet or number, and whether it was a number."""
        number = NUMBER.match(text, self.start, self.end)
        sign = number or BULLET.match(text, self.start, self.end)
        return (sign.end() if sign else self.start), number is not None


CONTENT = {Kind.PARAGRAPH, Kind.ITEM, Kind.TABLE_HEADER, Kind.TABLE_ROW}

_MAX_HEADING_WORDS = 22
"""The longest heading in the articles has 21 words; sentences without a final stop are rarer than that."""
_MAX_HEADING_CHARACTERS = 250
_MAX_CHILD_WORDS = 5
"""Sub-headings name one cause or one measure ("Cold Exposure"); headings of the first rank are longer."""
_MAX_LABEL_WORDS = 5
"""A heading may end in a colon when it is a mere label ("Symptoms:")."""
_MAX_ROW_WORDS = 40
_MIN_TABLE_LINES = 3
_MIN_HEADER_WORDS = 3
_MAX_WIDTH = 140
"""Editors break lines at 60 to 120 characters; longer lines were never broken by one."""
_FULL_LINE = 0.7
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
_LINE = re.compile(r"\S(?:.*\S)?")
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
    # Runs of lines without a blank line between them; each line as a trimmed offset pair.
    chunks: list[list[Span]] = [[]]
    end = 0
    for line in _LINE.finditer(text):
        if chunks[-1] and text.count("\n", end, line.start()) > 1:
            chunks.append([])
        chunks[-1].append(line.span())
        end = line.end()
    form = _Form.read(article, chunks)
    title: list[Block] = []
    if chunks[0]:
        start, end = chunks[0][0]
        mark = _MARK.match(text, start, end)
        start = mark.end() if mark else start
        if text[start:end].casefold().split() == article.title.casefold().split():
            title = [Block(Kind.TITLE, start, end)]
            del chunks[0][0]
    blocks = _number_items(text, [block for chunk in chunks for block in _classify_chunk(text, chunk, form)])
    return (*title, *(blocks if form.marked else _settle_guesses(text, blocks)))


def find_sections(
    text: str, blocks: Sequence[Block]
) -> tuple[tuple[tuple[str, ...], tuple[Block, ...]], ...]:
    """The sections that hold content: each one's path, from the outermost heading inwards, and its blocks.

    What is excluded parts a section in two with the same path, so that no passage runs across it.
    """
    sections: list[tuple[tuple[str, ...], list[Block]]] = [((), [])]
    for block, path in follow_headings(text, blocks):
        if block.kind in (Kind.HEADING, Kind.EXCLUDED):
            sections.append((path, []))
        elif block.kind in CONTENT:
            sections[-1][1].append(block)
    return tuple((path, tuple(held)) for path, held in sections if held)


def follow_headings(text: str, blocks: Sequence[Block]) -> Iterator[tuple[Block, tuple[str, ...]]]:
    """Each block with the headings that it stands under, from the outermost inwards; a heading's own is last.

    Plain text keeps no ranks, so a heading is put under another only where the text says so: a
    numbered heading, a question among the frequently asked ones, or a short heading after one that
    announces parts. Everything else is of the first rank: a flat outline is poorer, a wrong one misleads.
    """
    ranked: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()
    parent = ""
    announces = numbered = False
    for block in blocks:
        if block.kind in CONTENT:
            # A lead-in ("... strategies help:") announces parts as long as nothing else follows it.
            announces = announces or block.announces_list(text)
        elif block.kind is Kind.HEADING:
            name = " ".join(text[block.start : block.end].split())
            number = NUMBER.match(name) is not None
            if number:
                child = not NUMBER.match(parent)
            elif name.rstrip(_CLOSERS).endswith("?"):
                child = _FAQ.match(parent) is not None
            else:
                short = len(name.split()) <= _MAX_CHILD_WORDS
                child = announces and short and not numbered and not _FIRST_RANK.match(name)
            if block.rank:
                ranked = [*(entry for entry in ranked if entry[0] < block.rank), (block.rank, name)]
                path = tuple(name for _, name in ranked)
            elif parent and child:
                path, numbered = (parent, name), number
            else:
                path, parent, numbered = (name,), name, False
                announces = _ANNOUNCES_PARTS.search(name) is not None
        yield block, path


def ends_clause(line: str) -> bool:
    """Whether a line ends as no heading does; a question mark may end one."""
    return line.rstrip(_CLOSERS).endswith(_CLAUSE_STOPS)


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


def _cut_cells(text: str, table: Sequence[Block]) -> Iterator[tuple[Span, ...]]:
    if any(_has_cells(text, (row.start, row.end)) for row in table):
        for row in table:
            bars = chain.from_iterable(bar.span() for bar in _BAR.finditer(text, row.start, row.end))
            edges = [row.start, *bars, row.end]
            cells = list(zip(edges[::2], edges[1::2], strict=True))
            for outer in (0, -1):  # a bar at the edge of a row parts nothing
                if len(cells) > 1 and cells[outer][0] == cells[outer][1]:
                    del cells[outer]
            yield tuple(cells)
        return
    starts: list[list[int]] = []
    for row in table:
        # A small word ("Time of Occurrence") binds the capital after it.
        capitals = _CAPITAL.finditer(text, row.start, row.end)
        starts.append([row.start, *(c.start(2) for c in capitals if c[1].lower() not in _SMALL_WORDS)])
    columns = min(map(len, starts[1:]), default=1)
    for row, begins in zip(table, starts, strict=True):
        surplus = len(begins) - columns
        # Every word of a header begins with a capital, so that nothing says which of them belong together.
        told = surplus == 0
        if row is not table[0]:
            label = text[begins[0] : begins[surplus]].split()
            told = all(word[0].isupper() or word in _SMALL_WORDS for word in label)
        begins = [begins[0], *begins[surplus + 1 :]] if told else begins[:1]
        yield tuple(zip(begins, [*begins[1:], row.end], strict=True))


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
        # A text was broken by an editor when many lines go on in lower case in the next one.
        pairs = [pair for chunk in chunks for pair in pairwise(chunk) if not _opens(text, pair[1])]
        broken = [end - start for (start, end), (follower, _) in pairs if text[follower].islower()]
        width = max(broken, default=0)
        return cls(
            dense=len(chunks) == 1,
            marked=len(marks) > 1 or any(not text[mark.end()].islower() for mark in marks),
            width=width if len(broken) * 4 > len(pairs) and width <= _MAX_WIDTH else 0,
            exclude=article.exclude,
        )

    def excludes(self, text: str, line: Span) -> bool:
        """Whether the metadata says that this line, marked as a heading or not, is no content."""
        mark = _MARK.match(text, *line)
        return bool(self.exclude) and text.startswith(self.exclude, mark.end() if mark else line[0], line[1])


def _classify_chunk(text: str, lines: Sequence[Span], form: _Form) -> list[Block]:
    """The blocks of one chunk: a table, or lines, some of which an editor broke."""
    if not form.dense and _is_flat_table(text, lines):
        return _make_table(text, lines)
    blocks: list[Block] = []
    groups: list[list[Span]] = []
    for line in lines:
        if groups and _continues(text, groups[-1][-1], line, form):
            groups[-1].append(line)
        else:
            groups.append([line])
    for group in groups:
        if _has_cells(text, group[0]) and len(group) > 1:
            blocks.extend(_make_table(text, group))
            continue
        block = _classify_group(text, group, form)
        if blocks and not form.dense and _is_guessed_heading(block):
            # A short line right under a lead-in or under another short line is one of a list without bullets.
            last = blocks[-1]
            bare = last.kind is Kind.ITEM and not _opens(text, (last.start, last.end))
            if bare or last.kind is Kind.HEADING or last.announces_list(text):
                block = replace(block, kind=Kind.ITEM)
        blocks.append(block)
    return blocks


def _make_table(text: str, lines: Sequence[Span]) -> list[Block]:
    """The first line is the header, or bars and dashes where there is none; such a line is never a row."""
    kinds = [Kind.TABLE_HEADER, *[Kind.TABLE_ROW] * (len(lines) - 1)]
    return [
        Block(Kind.RULE if _is_rule(text, line) else kind, *line)
        for kind, line in zip(kinds, lines, strict=True)
    ]


def _is_flat_table(text: str, lines: Sequence[Span]) -> bool:
    """A header in title case over rows whose cells can be told by the capitals they begin with."""
    if len(lines) < _MIN_TABLE_LINES:
        return False
    header, *rows = (text[start:end] for start, end in lines)
    words = [word for word in _WORDS.findall(header) if word.lower() not in _SMALL_WORDS]
    return (
        len(words) >= _MIN_HEADER_WORDS
        and all(word[0].isupper() for word in words)
        and not ends_clause(header)
        and not any(BULLET.match(line) or len(line.split()) > _MAX_ROW_WORDS for line in (header, *rows))
        and all(row[0].isupper() or row[0].isdigit() for row in rows)
        and sum(_NEXT_CELL.search(row) is not None for row in rows) * 2 > len(rows)
    )


def _has_cells(text: str, line: Span) -> bool:
    """Bars or tabs between cells, or a bar after a row's only one."""
    bars = text.find(" | ", *line) >= 0 or text[line[0]] == "|" or text.endswith(" |", *line)
    return bars or text.find("\t", *line) >= 0


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
    full = form.width > 0 and len(words) >= _FULL_LINE * form.width
    return full and not (form.dense and words.rstrip(_CLOSERS).endswith(_SENTENCE_STOPS))


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
    line = text[start:end]
    short = len(line) <= _MAX_HEADING_CHARACTERS and len(line.split()) <= _MAX_HEADING_WORDS
    heading = len(lines) == 1 and not form.marked and short and not ends_clause(line)
    return Block(Kind.HEADING if heading else Kind.PARAGRAPH, start, end)


def _number_items(text: str, blocks: Sequence[Block]) -> list[Block]:
    """A short numbered line beside another one is an item: a heading would have text under it."""
    numbered = [False]
    for block in blocks:
        plain = block.kind in (Kind.HEADING, Kind.PARAGRAPH, Kind.ITEM) and not block.rank
        begins = plain and NUMBER.match(text, block.start, block.end) is not None
        short = begins and len(text[block.start : block.end].split()) <= _MAX_ROW_WORDS
        numbered.append(short and not block.is_labelled(text))
    return [
        replace(block, kind=Kind.ITEM) if own and (before or after) else block
        for block, before, own, after in zip_longest(blocks, numbered[:-1], numbered[1:], numbered[2:])
    ]


def _settle_guesses(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """What only the neighbours can tell: lists without bullets, labels as headings.

    Short lines in a row, without a word of text under any of them, are a list and not headings: the first of
    a row may head the list (unless a lead-in does), the last may head the text after it. A label alone on its
    line ("Symptoms:") heads the paragraph after it; before a list it leads in.
    """
    settled: list[Block] = []
    runs = [list(run) for _, run in groupby(blocks, key=_is_guessed_heading)]
    for run, after in zip_longest(runs, runs[1:]):
        if _is_guessed_heading(run[0]) and len(run) > 1:
            first = 0 if settled and settled[-1].announces_list(text) else 1
            last = len(run) - 1 if after and after[0].kind in CONTENT else len(run)
            items = [replace(block, kind=Kind.ITEM) for block in run[first:last]]
            run = [*run[:first], *items, *run[max(first, last) :]]
        settled.extend(run)
    for block, after in zip_longest(settled, settled[1:]):
        if block.announces_list(text) and after and after.kind is Kind.PARAGRAPH:
            line = text[block.start : block.end]
            if line[0].isupper() and len(line.split()) <= _MAX_LABEL_WORDS:
                block = replace(block, kind=Kind.HEADING)
        yield block


def _is_guessed_heading(block: Block) -> bool:
    return block.kind is Kind.HEADING and not block.rank
