"""PDF -> pieces, from where words stand on the page and how large they are; the only place of pdfplumber."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from app.corpus.drafts import Draft, Piece, Proposal, clean, make_pieces
from app.corpus.structure import BULLET, Kind
from app.errors import CorpusError

MAX_PAGES = 300
LARGER = 1.12
"""A heading's letters are at least this much larger than the body's."""
MARGIN = 0.08
"""Share of a page's height, above and below, where running heads and page numbers stand."""
GUTTER = 0.015
"""A gap between columns is at least this share of the page's width."""

_NUMBER = re.compile(r"\d{1,2}[.)]\s")
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’)\]]*$")
_BROKEN_WORD = re.compile(r"(\w+)-$")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of text, or a row of a table, as it stands on a page."""

    text: str
    page: int
    top: float
    bottom: float
    left: float
    right: float
    size: float
    bold: bool
    margin: bool
    kind: Kind | None = None


def read_pdf(path: Path) -> Draft:
    """The text of a PDF; raises CorpusError when it is encrypted, damaged or has none."""
    try:
        with pdfplumber.open(path) as pdf:
            if len(pdf.pages) > MAX_PAGES:
                raise CorpusError(f"{path.name}: {len(pdf.pages)} pages; an article has at most {MAX_PAGES}.")
            lines = [line for page in pdf.pages for line in _read_page(page)]
            proposal = _propose(pdf.metadata)
    except (PdfminerException, PDFPasswordIncorrect) as error:
        for cause in error.args:
            if isinstance(cause, MemoryError | TimeoutError | RecursionError):
                raise cause from error
        raise CorpusError(
            f"{path.name}: not a PDF that can be read (damaged, or it needs a password)."
        ) from error
    if not lines:
        raise CorpusError(f"{path.name}: there is no text in it; a scan needs text recognition first.")
    pieces, notes = _make_pieces(lines)
    return Draft(pieces, proposal if proposal.title else _with_title(proposal, pieces), notes)


def _read_page(page: Any) -> Iterator[_Line]:
    """Lines and table rows of a page, from the top down, a column after the other."""
    tables = page.find_tables()
    rest = page
    for table in tables:
        rest = rest.outside_bbox(_within(table.bbox, page.bbox))
    rows = [line for table in tables for line in _read_table(page, table)]
    for column in _split_columns(rest):
        left, _, right, _ = column.bbox
        held = [row for row in rows if left <= row.left < right]
        lines = [_make_line(page, line) for line in column.extract_text_lines(return_chars=True)]
        yield from sorted(lines + held, key=lambda line: line.top)
        rows = [row for row in rows if row not in held]


def _within(box: Sequence[float], page: Sequence[float]) -> tuple[float, float, float, float]:
    return max(box[0], page[0]), max(box[1], page[1]), min(box[2], page[2]), min(box[3], page[3])


def _read_table(page: Any, table: Any) -> Iterator[_Line]:
    kind = Kind.TABLE_HEADER
    for number, cells in enumerate(table.extract()):
        text = " | ".join(clean(cell or "") for cell in cells)
        if any(character.isalnum() for character in text):
            top = table.rows[number].bbox[1]
            yield _Line(
                text, page.page_number, top, top, table.bbox[0], table.bbox[2], 0.0, False, False, kind
            )
            kind = Kind.TABLE_ROW


def _split_columns(page: Any) -> list[Any]:
    """The page, or its halves when hardly a word stands across a gap near its middle."""
    words = page.extract_words()
    left, top, right, bottom = page.bbox
    width = right - left
    for step in range(40, 61):
        middle = left + width * step / 100
        low, high = middle - width * GUTTER / 2, middle + width * GUTTER / 2
        before = sum(word["x1"] <= low for word in words)
        after = sum(word["x0"] >= high for word in words)
        if min(before, after) > 0.3 * len(words) and before + after >= 0.98 * len(words):
            return [page.crop((left, top, middle, bottom)), page.crop((middle, top, right, bottom))]
    return [page]


def _make_line(page: Any, line: dict[str, Any]) -> _Line:
    letters = [char for char in line["chars"] if char["text"].strip()]
    sizes = Counter(round(char["size"], 1) for char in letters)
    edge = MARGIN * float(page.height)
    return _Line(
        text=clean(line["text"]),
        page=page.page_number,
        top=line["top"],
        bottom=line["bottom"],
        left=line["x0"],
        right=line["x1"],
        size=sizes.most_common(1)[0][0] if sizes else 0.0,
        bold=all("bold" in char["fontname"].lower() for char in letters),
        margin=line["bottom"] < edge or line["top"] > float(page.height) - edge,
    )


def _make_pieces(lines: Sequence[_Line]) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    body = _find_body_size(lines)
    ranks = {size: rank for rank, size in enumerate(_find_heading_sizes(lines, body), start=1)}
    words = Counter(re.findall(r"\w+(?:-\w+)*", " ".join(line.text for line in lines).casefold()))
    repeated = _find_repeated(lines)
    pieces: list[Piece] = []
    mended: list[str] = []
    for group in _group_lines([line for line in lines if line not in repeated], body):
        text, joined = _join(group, words)
        mended.extend(joined)
        pieces.extend(_make_piece(group[0], text, body, ranks))
    dropped = [
        replace(p, kept=False, why="on every page")
        for line in repeated
        for p in make_pieces(Kind.PARAGRAPH, line.text)
    ]
    note = f"Words that were divided at a line's end, to be checked: {', '.join(mended)}."
    return (*dropped, *pieces), (note,) if mended else ()


def _make_piece(line: _Line, text: str, body: float, ranks: dict[float, int]) -> Iterator[Piece]:
    bullet = BULLET.match(text)
    if line.kind:
        yield from make_pieces(line.kind, text)
    elif bullet:
        yield from make_pieces(Kind.ITEM, f"• {text[bullet.end() :]}")
    elif _is_heading(line, body):
        yield from make_pieces(Kind.HEADING, text, ranks.get(line.size, min(6, len(ranks) + 1)))
    else:
        yield from make_pieces(Kind.ITEM if _NUMBER.match(text) else Kind.PARAGRAPH, text)


def _find_body_size(lines: Sequence[_Line]) -> float:
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.size] += len(line.text) if line.kind is None else 0
    return letters.most_common(1)[0][0]


def _find_heading_sizes(lines: Sequence[_Line], body: float) -> list[float]:
    sizes = {line.size for line in lines if line.kind is None and line.size > LARGER * body}
    return sorted(sizes, reverse=True)[:6]


def _is_heading(line: _Line, body: float) -> bool:
    if line.kind or BULLET.match(line.text):
        return False
    return line.size > LARGER * body or (
        line.bold and line.size >= body and not _SENTENCE_END.search(line.text)
    )


def _find_repeated(lines: Sequence[_Line]) -> list[_Line]:
    """Running heads and page numbers: what stands at the edge of half of the pages, but for its digits."""
    pages = max(line.page for line in lines)
    edge = [line for line in lines if line.margin and line.kind is None]
    counts = Counter(re.sub(r"\d+", "#", line.text) for line in edge)
    often = {text for text, count in counts.items() if count > 1 and count * 2 >= pages} | {"#"}
    return [line for line in edge if re.sub(r"\d+", "#", line.text) in often]


def _group_lines(lines: Sequence[_Line], body: float) -> Iterator[list[_Line]]:
    """Lines that are one paragraph, item, heading or row."""
    group: list[_Line] = []
    for line in lines:
        if group and not _continues(group, line, body):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _continues(group: Sequence[_Line], line: _Line, body: float) -> bool:
    last = group[-1]
    if last.kind or line.kind or BULLET.match(line.text) or _NUMBER.match(line.text):
        return False
    if _is_heading(last, body) or _is_heading(line, body):
        return (
            last.size == line.size
            and last.bold == line.bold
            and 0 <= line.top - last.bottom < 0.6 * line.size
        )
    if last.page != line.page or line.top < last.top:
        return not _SENTENCE_END.search(last.text) and line.text[0].islower()
    return line.top - last.bottom < _usual_gap(group, line) and not _is_last_line(group, line)


def _usual_gap(group: Sequence[_Line], line: _Line) -> float:
    """A gap of lines within a paragraph: much like the one before, or less than a line's height."""
    within = group[-1].top - group[-2].bottom if len(group) > 1 and group[-1].page == group[-2].page else 0.0
    return max(1.3 * within, 0.75 * line.size)


def _is_last_line(group: Sequence[_Line], line: _Line) -> bool:
    """A short line that ends a sentence, before a line that begins one."""
    last = group[-1]
    short = last.right - last.left < 0.75 * (max(each.right for each in (*group, line)) - last.left)
    return short and _SENTENCE_END.search(last.text) is not None and not line.text[0].islower()


def _join(group: Sequence[_Line], words: Counter[str]) -> tuple[str, list[str]]:
    """The words of a group's lines, and those of them that were put together again."""
    text, joined = group[0].text, []
    for line in group[1:]:
        broken = _BROKEN_WORD.search(text)
        if broken and line.text[0].islower():
            rest = re.match(r"\w+", line.text)
            whole = broken[1] + (rest[0] if rest else "")
            hyphenated = words[f"{broken[1]}-{rest[0] if rest else ''}".casefold()] > words[whole.casefold()]
            text = (text if hyphenated else text[:-1]) + line.text
            joined.append(f"{broken[1]}-{rest[0] if rest else ''}" if hyphenated else whole)
        else:
            text = f"{text} {line.text}"
    return text, joined


def _propose(metadata: dict[str, Any]) -> Proposal:
    created = re.match(r"D:(\d{4})(\d\d)(\d\d)", str(metadata.get("CreationDate", "")))
    return Proposal(
        title=clean(str(metadata.get("Title") or "")) or None,
        author=clean(str(metadata.get("Author") or "")) or None,
        published=date(*map(int, created.groups())) if created else None,
    )


def _with_title(proposal: Proposal, pieces: Sequence[Piece]) -> Proposal:
    """The first of the largest headings."""
    headings = [piece for piece in pieces if piece.kept and piece.kind is Kind.HEADING]
    return replace(proposal, title=min(headings, key=lambda piece: piece.rank).text if headings else None)
