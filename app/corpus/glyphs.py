"""A PDF's pages -> lines and table rows in the order of reading, and the words that no reader sees.

The only place of pdfminer and pdfplumber. pdfminer's layout analysis finds lines, columns and boxes;
before it sees a page, what is turned, covered, struck out or set twice is taken off.
"""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any, cast

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import (
    LAParams,
    LTChar,
    LTComponent,
    LTContainer,
    LTCurve,
    LTFigure,
    LTImage,
    LTPage,
    LTRect,
    LTTextBoxHorizontal,
    LTTextLine,
    LTTextLineHorizontal,
)
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect, PDFXRefFallback
from pdfminer.pdfinterp import PDFGraphicState, PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import dict_value, list_value, resolve1
from pdfminer.utils import Plane, decode_text
from pdfplumber.table import cells_to_tables, edges_to_intersections, intersections_to_cells, merge_edges

from app.corpus.drafts import clean
from app.corpus.structure import BULLET, Kind
from app.errors import CorpusError

_MAX_PAGES = 300
_MAX_EDGES = 2_000
"""A page with more ruled lines than this holds a drawing, not a table."""
_LAYOUT = LAParams()
_FEW_LETTERS = 80
"""A page that is mostly a picture and has fewer letters than this was scanned."""

_STRAIGHT = 6
"""A narrow gap that goes on through this many lines parts columns; between words it does so by chance."""

_INK = {"DeviceGray", "CalGray", "DeviceRGB", "CalRGB", "DeviceCMYK", "ICCBased"}
"""Colour spaces whose numbers say how light a colour is."""
_MARK = re.compile(r"\(?(\d{1,3}|[a-z])[.)]")
"""What a numbered item begins with."""
_WHITE = (1.0, 1.0, 1.0)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_Row = list[LTTextLine]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or a row of a table, as it stands on a page; points from its upper left corner."""

    text: str
    page: int
    top: float
    bottom: float
    left: float
    right: float
    size: float
    bold: bool = False
    edge: float = 0.5
    """How far it reaches from the upper or lower edge into the page, as a share of its height."""
    kind: Kind | None = None
    aside: bool = False
    """In a frame beside the text, so that it heads nothing outside it."""
    why: str = ""
    """Why no reader reads it; empty when one does."""


def read_pages(path: Path) -> tuple[list[Line], dict[str, str], list[str], list[int]]:
    """The lines of a PDF, what it says about itself, notes about reading it, and which pages are a picture.

    Raises CorpusError for too many pages, and whatever pdfminer raises for damage.
    """
    lines: list[Line] = []
    info: dict[str, str] = {}
    notes: list[str] = []
    scans: list[int] = []
    with path.open("rb") as file, _listen(notes) as lost:
        try:
            document = PDFDocument(PDFParser(file))
        except PDFPasswordIncorrect as error:
            raise CorpusError(f"{path.name}: needs a password; save it without one.") from error
        pages = list(islice(PDFPage.create_pages(document), _MAX_PAGES + 1))
        if len(pages) > _MAX_PAGES:
            raise CorpusError(
                f"{path.name}: more than {_MAX_PAGES} pages, and an article has at most {_MAX_PAGES}."
            )
        if len(pages) != resolve1(dict_value(document.catalog.get("Pages", {})).get("Count", len(pages))):
            lost.append("it says that it has another number of pages")
        if any(isinstance(xref, PDFXRefFallback) for xref in document.xrefs):
            lost.append("it does not say where its parts are")
        manager = PDFResourceManager()
        for number, page in enumerate(pages, start=1):
            lines.extend(_read_page(manager, page, number, notes, scans))
        for entry in document.info:
            texts = {key: resolve1(value) for key, value in entry.items()}
            info.update({k: clean(decode_text(v)) for k, v in texts.items() if isinstance(v, bytes)})
    return lines, info, notes, scans


@contextmanager
def _listen(notes: list[str]) -> Iterator[list[str]]:
    """What pdfminer logs about data that it lost becomes one note."""
    log, said = logging.getLogger("pdfminer"), list[str]()
    handler, propagate = logging.Handler(logging.WARNING), log.propagate
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    log.propagate = False
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.propagate = propagate
        if said:
            notes.append(f"The PDF is damaged, and words may be missing ({clean(said[0])[:100]}).")


class _Device(PDFPageAggregator):
    """Remembers what is drawn without ink, and forgets colours whose lightness cannot be told."""

    def __init__(self, manager: PDFResourceManager, number: int) -> None:
        super().__init__(manager, number)
        self.inkless: dict[int, PDFGraphicState] = {}

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: PDFGraphicState) -> None:
        if textstate.render in (3, 7):
            self.inkless[id(graphicstate)] = graphicstate
        super().render_string(textstate, seq, ncs, _with_known_colour(graphicstate))

    def paint_path(self, gstate: PDFGraphicState, *rest: Any) -> None:
        super().paint_path(_with_known_colour(gstate), *rest)


def _with_known_colour(state: PDFGraphicState) -> PDFGraphicState:
    if state.ncs.name not in _INK:
        state.ncolor = cast(Any, None)
    return state


def _read_page(
    manager: PDFResourceManager, page: PDFPage, number: int, notes: list[str], scans: list[int]
) -> Iterator[Line]:
    """A page's lines in the order of reading, then what is not read on it."""
    crop = [max(page.mediabox[0], page.cropbox[0]), max(page.mediabox[1], page.cropbox[1])]
    crop += [min(page.mediabox[2], page.cropbox[2]), min(page.mediabox[3], page.cropbox[3])]
    if crop[0] < crop[2] and crop[1] < crop[3]:
        page.mediabox = cast(Any, tuple(crop))
    device, layout, leaves = _interpret(manager, page, number)
    turns = Counter(_turn(char) for char in leaves if isinstance(char, LTChar))
    turn = turns.most_common(1)[0][0] if turns else 0
    if turn in (90, 180, 270):
        page.rotate = (page.rotate + turn) % 360
        device, layout, leaves = _interpret(manager, page, number)
    seen, unseen, recognised = _sort_letters(device, layout, leaves)
    pictures = sum(item.width * item.height for item in leaves if isinstance(item, LTImage))
    drawn = pictures > 0.4 * layout.width * layout.height or len(leaves) > len(seen) + _MAX_EDGES
    if drawn and len(seen) < _FEW_LETTERS:
        scans.append(number)
    elif recognised:
        notes.append(f"Page {number} is a picture; its words are a machine's recognition: compare them.")
    yield from _order(layout, number, seen, leaves)
    for why, chars in unseen.items():
        for words in _say(chars):
            yield Line(words, number, 0, 0, 0, 0, 0, why=why)
    for annotation in map(dict_value, list_value(page.annots or [])):
        for key in ("Contents", "V"):
            value = resolve1(annotation.get(key))
            words = clean(decode_text(value)) if isinstance(value, bytes) else ""
            if any(map(str.isalnum, words)):
                yield Line(words, number, 0, 0, 0, 0, 0, why="a comment or form field")


def _interpret(
    manager: PDFResourceManager, page: PDFPage, number: int
) -> tuple[_Device, LTPage, list[LTComponent]]:
    device = _Device(manager, number)
    PDFPageInterpreter(manager, device).process_page(page)
    layout = device.get_result()
    return device, layout, list(_find_leaves(layout))


def _find_leaves(item: LTContainer[Any]) -> Iterator[LTComponent]:
    for each in item:
        if isinstance(each, LTFigure):
            yield from _find_leaves(each)
        else:
            yield each


def _turn(char: LTChar) -> int:
    """By how many degrees a letter is turned to the left, in steps of 15."""
    return round(math.atan2(char.matrix[1], char.matrix[0]) * 12 / math.pi) * 15 % 360


def _sort_letters(
    device: _Device, layout: LTPage, leaves: Sequence[LTComponent]
) -> tuple[list[LTChar], dict[str, list[LTChar]], bool]:
    """The letters that a reader sees; the others by reason; whether they are a machine's, of a picture."""
    plane: Plane[LTComponent] = Plane(layout.bbox)
    plane.extend(item for item in leaves if isinstance(item, LTCurve | LTImage))
    order = {id(item): place for place, item in enumerate(leaves)}
    seen: list[LTChar] = []
    unseen: dict[str, list[LTChar]] = {}
    set_already: dict[tuple[str, int, int, int], LTChar] = {}
    recognised = 0
    for char in leaves:
        if not isinstance(char, LTChar) or not char.get_text().strip():
            continue
        x, y = (char.x0 + char.x1) / 2, (char.y0 + char.y1) / 2
        over = [item for item in plane.find(char.bbox) if item.x0 <= x <= item.x1]
        covers = sorted((item for item in over if item.y0 <= y <= item.y1), key=lambda item: order[id(item)])
        behind = [item for item in covers if isinstance(item, LTImage)]
        inkless = id(char.graphicstate) in device.inkless
        if behind and (inkless or order[id(behind[-1])] > order[id(char)]):
            recognised += 1
            why = ""
        elif _turn(char):
            why = "turned sideways"
        elif not (0 <= x <= layout.width and 0 <= y <= layout.height):
            why = "outside the page"
        elif inkless or char.size < 1 or _is_covered(char, covers, order):
            why = "not visible"
        else:
            height = char.height or 1
            lines = [item for item in over if isinstance(item, LTCurve) and item.height < 0.15 * char.height]
            struck = any(0.2 < ((item.y0 + item.y1) / 2 - char.y0) / height < 0.62 for item in lines)
            why = "struck out" if struck else ""
        if why:
            unseen.setdefault(why, []).append(char)
        elif not _is_double(char, set_already):
            seen.append(char)
    return seen, unseen, recognised > len(seen) / 2


def _is_covered(char: LTChar, covers: Sequence[LTComponent], order: Mapping[int, int]) -> bool:
    """Whether a letter has the colour of what it stands on, or white was laid over it."""
    ink = _lighten(char.graphicstate.ncolor)
    paint = [
        item for item in covers if isinstance(item, LTImage) or (isinstance(item, LTCurve) and item.fill)
    ]
    if not paint:
        return ink == _WHITE
    ground = None if isinstance(paint[-1], LTImage) else _lighten(paint[-1].non_stroking_color)
    over = order[id(paint[-1])] > order[id(char)]
    return ground is not None and (ink == ground or (over and ground == _WHITE))


def _lighten(colour: Any) -> tuple[float, ...] | None:
    """Red, green and blue from 0 to 1; None when that cannot be told."""
    parts = tuple(colour) if isinstance(colour, tuple | list) else (colour,)
    if not all(isinstance(part, int | float) for part in parts):
        return None
    if len(parts) == 4:
        parts = tuple(1 - min(1, part + parts[3]) for part in parts[:3])
    return {1: parts * 3, 3: tuple(round(part, 1) for part in parts)}.get(len(parts)) if parts else None


def _is_double(char: LTChar, set_already: dict[tuple[str, int, int, int], LTChar]) -> bool:
    """Whether the same letter stands there already: bold type and shadows are made so."""
    cell = max(0.12 * char.size, 0.1)
    column, row, size = int(char.x0 / cell), int(char.y0 / cell), round(char.size)
    for x in (column - 1, column, column + 1):
        for y in (row - 1, row, row + 1):
            other = set_already.get((char.get_text(), x, y, size))
            if other and abs(other.x0 - char.x0) < cell and abs(other.y0 - char.y0) < cell:
                return True
    set_already[char.get_text(), column, row, size] = char
    return False


def _say(chars: Iterable[LTChar]) -> Iterator[str]:
    """The words of letters that stand anyhow, in the order they were drawn in."""
    words, last = "", None
    for char in chars:
        if last:
            a, b, _, _, x, y = last.matrix
            gap = math.dist((x + a * last.adv, y + b * last.adv), char.matrix[4:])
            em = max(char.width, char.height)
            if gap > 1.5 * em:
                yield clean(words)
                words = ""
            elif gap > 0.15 * em:
                words += " "
        words, last = words + char.get_text(), char
    if words:
        yield clean(words)


class _Unit(LTTextBoxHorizontal):
    """A box whose lines stay together: the rows of a table, or what stands in a frame beside the text."""

    def __init__(self, rows: Sequence[tuple[Kind | None, str, _Row]]) -> None:
        super().__init__()
        self.rows = rows
        self.extend([line for _, _, held in rows for line in held])


def _make_table(rows: Sequence[Sequence[_Row]], *, headed: bool) -> _Unit:
    kinds = [Kind.TABLE_HEADER if headed else Kind.TABLE_ROW] + [Kind.TABLE_ROW] * (len(rows) - 1)
    return _Unit(
        [
            (
                kind,
                " | ".join(" ".join(map(_spell, cell)) for cell in cells),
                [line for cell in cells for line in cell],
            )
            for kind, cells in zip(kinds, rows, strict=True)
            if any(cells)
        ]
    )


def _order(layout: LTPage, number: int, chars: list[LTChar], leaves: Sequence[LTComponent]) -> Iterator[Line]:
    """Lines and rows in pdfminer's order of boxes: columns one after the other, sidebars apart."""
    units = list(_find_ruled_tables(layout, chars, leaves))
    ruled = {id(char) for unit in units for line in unit for char in line}
    rows = _find_rows(layout, [char for char in chars if id(char) not in ruled])
    units += _find_aligned_tables(rows)
    taken = {id(line) for unit in units for line in unit}
    lines = [line for row in rows for line in row if id(line) not in taken]
    units += _find_asides(layout, lines, leaves)
    taken = {id(line) for unit in units for line in unit}
    dots = [
        item for item in leaves if isinstance(item, LTCurve) and 1 < item.width < 8 and 1 < item.height < 8
    ]
    for box in _arrange(layout, [line for line in lines if id(line) not in taken], units):
        unit = box.rows if isinstance(box, _Unit) else [(None, _spell(line), [line]) for line in box]
        for kind, text, held in unit:
            letters = [char for line in held for char in line if isinstance(char, LTChar)]
            top, bottom = (
                layout.height - max(c.y1 for c in letters),
                layout.height - min(c.y0 for c in letters),
            )
            line, em = held[0], held[0].height
            dotted = not kind and any(
                0 <= line.x0 - dot.x1 < 2 * em
                and line.y0 < dot.y0
                and dot.y1 < line.y1
                and dot.height < 0.6 * em
                for dot in dots
            )
            yield Line(
                # A browser draws bullets; a soft hyphen at a line's end is seen there.
                clean(("• " if dotted else "") + re.sub("\u00ad$", "-", text)),
                number,
                top,
                bottom,
                min(char.x0 for char in letters),
                max(char.x1 for char in letters),
                size=Counter(round(char.size, 1) for char in letters).most_common(1)[0][0],
                bold=all(map(_is_bold, letters)),
                edge=min(bottom, layout.height - top) / layout.height,
                kind=kind,
                aside=isinstance(box, _Unit) and kind is None,
            )


def _find_asides(
    layout: LTPage, lines: Sequence[LTTextLine], leaves: Iterable[LTComponent]
) -> Iterator[_Unit]:
    """What a frame or a ground of its own sets apart from the text beside it."""
    frames = [item for item in leaves if isinstance(item, LTRect) and item.width > 60 and item.height > 24]
    taken = set[int]()
    for frame in sorted(frames, key=lambda item: item.width * item.height):
        inside = [
            each
            for each in lines
            if each.is_hoverlap(frame) and frame.y0 < (each.y0 + each.y1) / 2 < frame.y1
        ]
        framed = [
            each
            for each in inside
            if frame.x0 - 2 <= each.x0 and each.x1 <= frame.x1 + 2 and id(each) not in taken
        ]
        beside = [each for each in lines if each not in framed and each.is_voverlap(frame)]
        if len(framed) == len(inside) > 1 and beside and len(framed) < len(lines) / 2:
            taken.update(map(id, framed))
            yield _Unit(
                [(None, _spell(line), [line]) for box in _arrange(layout, framed, []) for line in box]
            )


def _arrange(
    layout: LTPage, lines: Sequence[LTTextLine], units: Sequence[_Unit]
) -> Iterator[LTTextBoxHorizontal]:
    boxes = [*units, *layout.group_textlines(_LAYOUT, lines)]
    pending: list[Any] = list(layout.group_textboxes(_LAYOUT, boxes)) if boxes else []
    for group in pending:
        group.analyze(_LAYOUT)
    while pending:
        group = pending.pop(0)
        if isinstance(group, LTTextBoxHorizontal):
            yield group
        else:
            pending[:0] = group


def _is_bold(char: Any) -> bool:
    return not isinstance(char, LTChar) or any(
        word in char.fontname.lower() for word in ("bold", "black", "heavy")
    )


def _spell(line: Iterable[Any]) -> str:
    """A line's words, apart where the gaps are, however its letters are spaced; raised digits stay so."""
    chars = sorted((char for char in line if isinstance(char, LTChar)), key=lambda char: char.x0)
    em = median(char.size for char in chars)
    base = median(char.y0 for char in chars)
    gaps = [(after.x0 - before.x1) / em for before, after in pairwise(chars)]
    usual = median(gaps) if len(gaps) > 3 else 0.0
    apart = max(0.1, 1.7 * usual) if usual > 0.08 else 0.1
    text = ""
    if gaps and gaps[0] > 0.4 and _is_mark(chars[:1]) and not chars[0].get_text().isdigit():
        text, gaps, chars = "• ", gaps[1:], chars[1:]
    for gap, char in zip([0.0, *gaps], chars, strict=True):
        letter = char.get_text()
        raised = char.size < 0.85 * em and char.y0 > base + 0.15 * em
        text += (" " if gap > apart else "") + (letter.translate(_RAISED) if raised else letter)
    return text


def _find_rows(layout: LTPage, chars: list[LTChar]) -> list[_Row]:
    """What stands side by side, from the top down: parted where a gap goes on above or below, else joined."""
    _set_initials(chars)
    parts = layout.group_objects(LAParams(char_margin=0.5), chars) if chars else iter(())
    rows: list[_Row] = []
    for part in sorted(parts, key=lambda part: -part.y0):
        last = rows[-1][0] if rows else None
        if last and abs(last.y0 - part.y0) < 0.35 * min(last.height, part.height):
            rows[-1].append(part)
        else:
            rows.append([part])
    rows = [_join(sorted(row, key=lambda part: part.x0), lambda gap, em, _: gap < 0.5 * em) for row in rows]
    return [_join(row, partial(_is_gap_in_line, rows, place)) for place, row in enumerate(rows)]


def _set_initials(chars: Sequence[LTChar]) -> None:
    """A large initial beside a paragraph's first lines becomes a letter of the first of them."""
    usual = median(char.size for char in chars) if chars else 0
    large = [char for char in chars if char.size > 1.8 * usual and char.get_text().isalpha()]
    for char in large:
        if any(0 < abs(other.x0 - char.x0) < 1.5 * char.size and other.y0 == char.y0 for other in large):
            continue
        beside = [
            o for o in chars if o.size < 1.5 * usual and 0 <= o.x0 - char.x1 < usual and o.is_voverlap(char)
        ]
        if beside and max(o.y0 for o in beside) - min(o.y0 for o in beside) > usual:
            first = max(beside, key=lambda other: other.y0)
            char.set_bbox((char.x0, first.y0, first.x0, first.y1))
            char.size = first.size


def _join(row: _Row, belongs: Callable[[float, float, tuple[float, float]], bool]) -> _Row:
    joined: _Row = []
    for part in row:
        last = joined[-1] if joined else None
        em = min(part.height, last.height) if last else 0
        gap = part.x0 - last.x1 if last else 0
        if last and (belongs(gap, em, (last.x1, part.x0)) or (gap < 4 * em and _is_mark(last))):
            for char in part:
                if isinstance(char, LTChar):
                    last.add(char)
        else:
            whole = LTTextLineHorizontal(_LAYOUT.word_margin)
            whole.extend([char for char in part if isinstance(char, LTChar)])
            joined.append(whole)
    return joined


def _is_gap_in_line(
    rows: Sequence[_Row], place: int, gap: float, em: float, between: tuple[float, float]
) -> bool:
    """Whether a gap is one between words, not a gutter: gutters are wide, or go on straight through rows."""
    if gap > 3 * em:
        return False
    left, right = between
    straight = 1
    for way in (-1, 1):
        near = rows[place][0]
        for row in rows[place + 1 :] if way > 0 else rows[:place][::-1]:
            if max(near.y0, row[0].y0) - min(near.y1, row[0].y1) > 1.5 * em:
                break
            near = row[0]
            before = max((part.x1 for part in row if part.x0 < left), default=None)
            after = min((part.x0 for part in row if part.x1 > right), default=None)
            if before is None:
                continue
            if after is None:
                straight += before > left - 4 * em
                continue
            if min(after, right) - max(before, left) < 0.4 * em:
                if straight < _STRAIGHT:
                    return True
                break
            straight += 1
            left, right = max(before, left), min(after, right)
    return straight == 1 and gap < em


def _is_mark(chars: Iterable[Any]) -> bool:
    """Whether this is what an item of a list begins with: a bullet of whatever font, or a number."""
    letters = [char for char in chars if isinstance(char, LTChar)]
    text = "".join(char.get_text() for char in letters)
    pictorial = any(name in letters[0].fontname.lower() for name in ("dingbats", "symbol", "wingdings"))
    return bool(BULLET.match(f"{text} A") or _MARK.fullmatch(text)) or (pictorial and len(letters) == 1)


def _find_ruled_tables(
    layout: LTPage, chars: Sequence[LTChar], leaves: Iterable[LTComponent]
) -> Iterator[_Unit]:
    """Tables of at least two rows and two columns whose cells lines divide."""
    edges: list[dict[str, Any]] = []
    for item in leaves:
        x0, x1 = max(item.x0, 0), min(item.x1, layout.width)
        top, bottom = max(layout.height - item.y1, 0), min(layout.height - item.y0, layout.height)
        width, height = x1 - x0, bottom - top
        drawn = isinstance(item, LTRect) or (isinstance(item, LTCurve) and min(width, height) <= 3)
        if not drawn or width < 0 or height < 0:
            continue
        # The sides of a box within the page, as pdfplumber writes them; of a thin one, a single line.
        side = {"x0": x0, "x1": x1, "top": top, "bottom": bottom, "width": width, "height": height}
        across, down = {**side, "orientation": "h", "height": 0}, {**side, "orientation": "v", "width": 0}
        edges += [
            {**across, "top": y, "bottom": y} for y in ((top, bottom) if height > 3 else (top,)) if width > 3
        ]
        edges += [{**down, "x0": x, "x1": x} for x in ((x0, x1) if width > 3 else (x0,)) if height > 3]
    if len(edges) > _MAX_EDGES:
        return
    corners = edges_to_intersections(merge_edges(edges, 3, 3, 3, 3), 3, 3)
    for cells in cells_to_tables(intersections_to_cells(corners)):
        lines: dict[tuple[float, ...], _Row] = {}
        for cell in sorted(cells):
            inside = [
                char
                for char in chars
                if cell[0] <= (char.x0 + char.x1) / 2 < cell[2]
                and cell[1] <= layout.height - (char.y0 + char.y1) / 2 < cell[3]
            ]
            held = layout.group_objects(_LAYOUT, inside) if inside else iter(())
            lines[cell] = sorted(held, key=lambda line: -line.y0)
        # A cell that spans rows stands in each of them.
        rows = [
            [lines[cell] for cell in lines if cell[1] < top + 1 < cell[3]]
            for top in sorted({cell[1] for cell in lines})
        ]
        if sum(sum(map(bool, row)) > 1 for row in rows) > 1:
            yield _make_table(rows, headed=True)


def _find_aligned_tables(rows: Sequence[_Row]) -> Iterator[_Unit]:
    """Tables without lines: three rows or more whose cells stand under one another and are no prose."""
    run: list[_Row] = []
    columns: list[list[float]] = []
    for place, row in enumerate([*rows, []]):
        placed = _place(row, columns)
        near = bool(run) and bool(row) and run[-1][0].y0 - row[0].y1 < 3 * row[0].height
        if run and not (placed and near):
            yield from _make_aligned_table(run, sorted(columns))
            run, columns = [], []
            placed = _place(row, columns)
        # A cell of several lines may begin above the others.
        begins = bool(row) and place + 1 < len(rows) and rows[place + 1][0].y1 > row[0].y0
        if placed and (run or len(row) > 1 or begins):
            run.append(row)
            columns = placed


def _place(row: _Row, columns: Sequence[list[float]]) -> list[list[float]] | None:
    """The columns, grown by a row's cells; None where a cell would lie in two, or two in one."""
    grown = [column[:] for column in columns]
    taken = set[int]()
    for line in row:
        under = [i for i, column in enumerate(grown) if line.x0 < column[1] and line.x1 > column[0]]
        if len(under) > 1 or taken & {*under}:
            return None
        if not under:
            under = [len(grown)]
            grown.append([line.x0, line.x1])
        taken.add(under[0])
        column = grown[under[0]]
        column[:] = min(column[0], line.x0), max(column[1], line.x1)
    return grown if row else None


def _make_aligned_table(run: Sequence[_Row], columns: Sequence[list[float]]) -> Iterator[_Unit]:
    """A table, unless these rows are prose in columns: that begins few lines with a capital."""
    records: list[list[_Row]] = []
    gaps = [math.inf, *(before[0].y0 - after[0].y1 for before, after in pairwise(run))]
    for row, above, below in zip(run, gaps, [*gaps[1:], math.inf], strict=True):
        cells = [[line for line in row if line.x0 < right and line.x1 > left] for left, right in columns]
        # A cell of several lines goes on below its first, or stands about the middle of its row.
        goes_on = above < 0 or all(_spell(line)[0].islower() for line in row)
        if records and (
            goes_on or (above <= below if not cells[0] else above < 0.7 * below and not records[-1][0])
        ):
            for cell, more in zip(records[-1], cells, strict=True):
                cell.extend(more)
        else:
            records.append(cells)
    while records and sum(map(bool, records[-1])) < 2:
        records.pop()
    full = [cells for cells in records if sum(map(bool, cells)) > 1]
    starts = [_spell(cell[0]) for cells in full for cell in cells if cell]
    lower = sum(start[0].islower() for start in starts)
    listed = sum(bool(BULLET.match(start)) for start in starts)
    label = sum(len(line) for cells in full for line in cells[0])
    level = 0
    for cells in full:
        # The cells of a row, in type of one size, begin, end or have their middle at one height.
        edges = [(max(line.y1 for line in cell), min(line.y0 for line in cell)) for cell in cells if cell]
        em = [cell[0].height for cell in cells if cell]
        heights = [[y1 for y1, _ in edges], [y0 for _, y0 in edges], [(y1 + y0) / 2 for y1, y0 in edges]]
        alike = all(abs(height - em[0]) < 0.1 * em[0] for height in em)
        level += alike and any(max(each) - min(each) < 0.4 * em[0] for each in heights)
    if len(full) < 3 or lower > 0.2 * len(starts) or listed > len(full) / 2 or label > 60 * len(full):
        return
    if level < 0.8 * len(full):
        return
    bold = [all(_is_bold(char) for cell in cells for line in cell for char in line) for cells in full[:2]]
    yield _make_table(records, headed=bold == [True, False])
