"""A PDF's lines -> pieces, by their size, weight and place; running heads and footnotes apart."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path

from spellchecker import SpellChecker

from app.corpus.drafts import Draft, Piece, ProposedMetadata, clean, fold, read_date
from app.corpus.glyphs import Line, read_pages
from app.corpus.soundness import language_of
from app.corpus.structure import BULLET, Kind, ends_clause
from app.errors import CorpusError

_LARGER = 1.12
"""A heading's letters are at least this much larger than the body's."""
_SMALLER = 0.92
"""A footnote's or running head's letters have at most this share of the body's size."""
_MARGIN = 0.08
"""Share of a page's height, above and below, where running heads and page numbers stand."""
_WIDE_MARGIN = 0.15
"""Where they may stand when they stand there on three pages or more."""
_NEAR = 8
"""How many lines of a paragraph say how wide it is and how far apart its lines are."""
_UNKNOWN = 0.05
"""Where more words than this share are in no word list, letters may be lost; usual is 0.01 at most."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_NUMBER = re.compile(r"\(?(\d{1,2}|[a-z])[.)]\s")
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’)\]]*$")
_BROKEN_WORD = re.compile(r"(\w+)[-‐]$")
_PAGE_NUMBER = re.compile(
    r"\W*(page|p|seite|página|pagina)?\W*#(\W*(of|von|de|sur|di)?\W*#)?\W*", re.IGNORECASE
)
_NOTE = re.compile(r"(\d{1,2}\s(?=[A-Z“\"])|[⁰¹²³⁴-⁹]{1,3}|[*†‡§](?=\s?\w))")
_RAISED = re.compile(r"([⁰¹²³⁴-⁹]+)")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_UNREADABLE = re.compile(r"\(cid:\d+\)|[\ue000-\uf8ff\ufffd]")


@dataclass(slots=True)
class _Group:
    """Lines that are one paragraph, item, heading or row, and what stands between them that is not read."""

    lines: list[Line]
    aside: list[Line] = field(default_factory=list)


def read_pdf(path: Path) -> Draft:
    """The text of a PDF; raises CorpusError when it needs a password, is a scan or has none."""
    read, info, notes, scans = read_pages(path)
    # Size and weight of most letters; those of tables count where hardly any stand outside of one.
    prose: Counter[tuple[float, bool]] = Counter()
    tables: Counter[tuple[float, bool]] = Counter()
    for line in read:
        (tables if line.kind else prose)[line.size, line.bold] += 0 if line.why else len(line.text)
    letters = prose if 4 * prose.total() > tables.total() else tables
    body = letters.most_common(1)[0][0] if letters else (0.0, False)
    lines = list(_set_apart(read, body[0]))
    kept = [line for line in lines if not line.why]
    if scans and {line.page for line in kept} <= {*scans}:
        raise CorpusError(
            f"{path.name}: page {scans[0]} holds a picture and hardly a word; "
            "a scan needs text recognition first."
        )
    if not kept:
        raise CorpusError(f"{path.name}: there is no text in it; a scan needs text recognition first.")
    text = "".join(line.text for line in kept)
    if len(_UNREADABLE.findall(text)) > 0.1 * len(_UNREADABLE.sub("x", text)):
        raise CorpusError(
            f"{path.name}: its fonts do not say which letters they hold; "
            "save it as PDF anew, or use text recognition."
        )
    language = language_of(" ".join(line.text for line in kept))
    words = SpellChecker(language=language if language in _LANGUAGES else "en")
    pieces, mended = _make_pieces(lines, body, words)
    # The title that it says it has when that is to be read in it, else the first of the largest headings.
    headings = [piece for piece in pieces if piece.kept and piece.kind is Kind.HEADING]
    largest = min(headings, key=lambda piece: piece.rank).text if headings else None
    title = info.get("Title", "")
    said = fold(" ".join(piece.text for piece in pieces if piece.kept))
    created = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", info.get("CreationDate", ""))
    proposal = ProposedMetadata(
        title=title if title and (fold(title) in said or not largest) else largest,
        author=info.get("Author") or None,
        published=read_date("-".join(created.groups()) if created else None),
    )
    return Draft(pieces, proposal, (*notes, *_judge(pieces, words, mended, scans)))


def _set_apart(lines: Sequence[Line], size: float) -> Iterator[Line]:
    """Running heads, page numbers, footnotes and the marks that refer to them are no part of the text."""
    pages: dict[tuple[str, int], set[int]] = defaultdict(set)
    inner: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if not line.why:
            pages[_form(line), round(line.top / 6)].add(line.page)
            inner[line.page] += [line] if line.edge >= _MARGIN else []
    last = max((line.page for line in lines), default=0)
    apart: list[Line] = []
    marks: dict[int, set[str]] = defaultdict(set)
    note: Line | None = None
    for line in lines:
        often = len(pages.get((_form(line), round(line.top / 6)), ()))
        repeated = (
            line.size < _LARGER * size and often * 3 >= last and often > (1 if line.edge < _MARGIN else 2)
        )
        small = line.size <= _SMALLER * size and line.kind is None
        # A footnote has no line of the body below it in its column.
        below = [each for each in inner[line.page] if each.top > line.top and each.size > _SMALLER * size]
        lowest = not any(each.left < line.right and each.right > line.left for each in below)
        begun = _NOTE.match(line.text) if small and lowest else None
        # Small type at the edge is furniture when no line of its size joins it to the rest of the page.
        beside = [each for each in inner[line.page] if abs(each.top - line.top) < 2 * line.size]
        loose = small and not any(each.size == line.size for each in beside)
        if line.why or (line.kind and not repeated):
            note = None
        elif repeated and line.edge < _WIDE_MARGIN:
            line = replace(line, why="at the edge of the page")
        elif begun or (note and small and note.page == line.page and line.size == note.size):
            if begun:
                marks[line.page].add(begun[1].strip().translate(_DIGITS))
            note = line
            line = replace(line, why="footnote")
        elif line.edge < _MARGIN and (_PAGE_NUMBER.fullmatch(_form(line)) or loose):
            line = replace(line, why="at the edge of the page")
        else:
            note = None
        apart.append(line)
    for line in apart:
        # Raised figures that refer to no footnote stay.
        raised = [] if line.why else _RAISED.findall(line.text)
        found = [mark for mark in raised if mark.translate(_DIGITS) in marks[line.page]]
        text = "".join(part for part in _RAISED.split(line.text) if part not in found)
        yield replace(line, text=text) if found else line
        for mark in found:
            yield replace(line, text=mark.translate(_DIGITS), why="a note's mark")


def _form(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _judge(
    pieces: Sequence[Piece], words: SpellChecker, mended: Sequence[str], scans: Sequence[int]
) -> Iterator[str]:
    """What a person must be told who does not hold the PDF beside the text."""
    for page in scans:
        yield f"Page {page} holds a picture and hardly a word; a scan needs text recognition."
    text = "\n".join(piece.text for piece in pieces if piece.kept)
    for said, told in (
        ("Words that were divided at a line's end, to be checked", mended),
        ("Raised figures, kept raised", re.findall(r"\w*[⁰¹²³⁴-⁹]+", text)),
        ("Marks of notes, left out", [piece.text for piece in pieces if piece.why == "a note's mark"]),
    ):
        if told:
            yield f"{said}: {', '.join(told)}."
    # Words that no capital marks as a name.
    found = re.findall(r"(?<![\w'’.@/])[^\W\d_A-Z][^\W\d_]+(?![\w@])", text)
    strange = words.unknown(found)
    unknown = Counter(word for word in found if word in strange)
    if unknown.total() > max(4, _UNKNOWN * len(found)):
        yield (
            f"{unknown.total() / len(found):.0%} of its words are in no word list; letters may be lost, "
            f"or lines mixed up: {', '.join(word for word, _ in unknown.most_common(12))}."
        )
    if strays := _UNREADABLE.findall(text):
        yield f"{len(strays)} letters are such as its fonts do not name: {strays[0]}."


def _make_pieces(
    lines: Sequence[Line], body: tuple[float, bool], words: SpellChecker
) -> tuple[tuple[Piece, ...], list[str]]:
    sizes = {
        line.size for line in lines if line.kind is None and not line.why and line.size > _LARGER * body[0]
    }
    ranks = {size: rank for rank, size in enumerate(sorted(sizes, reverse=True)[:6], start=1)}
    hyphenated = Counter(re.findall(r"\w+-\w+", " ".join(line.text for line in lines).casefold()))
    pieces: list[Piece] = []
    mended: list[str] = []
    for group in _group_lines(lines, body):
        if group.lines:
            first = group.lines[0]
            text, joined = _join(group.lines, hyphenated, words)
            mended.extend(joined)
            kind, rank = first.kind or (Kind.ITEM if _NUMBER.match(text) else Kind.PARAGRAPH), 0
            bullet = BULLET.match(text) if not first.kind else None
            if bullet:
                kind, text = Kind.ITEM, f"• {text[bullet.end() :]}"
            elif _is_heading(first, body):
                kind, rank = Kind.HEADING, ranks.get(first.size, min(6, len(ranks) + 1))
            pieces.append(Piece(kind, clean(text), rank))
        for (why, _), held in groupby(group.aside, key=lambda line: (line.why, line.page)):
            aside = clean(" ".join(line.text for line in held))
            pieces.append(Piece(Kind.PARAGRAPH, aside, kept=False, why=why))
    return tuple(piece for piece in pieces if any(map(str.isalnum, piece.text))), mended


def _is_heading(line: Line, body: tuple[float, bool]) -> bool:
    size, bold = body
    if line.kind or line.aside or BULLET.match(line.text):
        return False
    return line.size > _LARGER * size or (
        line.bold and not bold and line.size >= size and not ends_clause(line.text)
    )


def _group_lines(lines: Sequence[Line], body: tuple[float, bool]) -> Sequence[_Group]:
    """A sentence that a page, a column or a box beside it breaks off goes on where it is taken up again."""
    kept = [line for line in lines if not (line.why or line.kind)]
    gaps = [(b.top - a.bottom) / b.size for a, b in pairwise(kept) if _is_below(a, b) and a.size == b.size]
    usual = Counter(round(gap, 1) for gap in gaps if gap < 0.6).most_common(1)
    leading = usual[0][0] if usual else 0.5
    groups = [_Group([])]
    for line in lines:
        before = groups[-1].lines
        if line.why:
            groups[-1].aside.append(line)
        elif before and _is_below(before[-1], line) and _continues(before, line, body, leading):
            before.append(line)
        else:
            apart = before and not _is_below(before[-1], line) and line.text[0].islower()
            others = [each.lines for each in groups[-6:] if each.lines] if apart else []
            broken = [
                held
                for held in others
                if not (held[-1].kind or line.kind or BULLET.match(line.text) or _is_heading(held[-1], body))
                and held[-1].aside == line.aside
                and line.page - held[-1].page < 2
                and abs(held[-1].size - line.size) < 0.5
                and not _SENTENCE_END.search(held[-1].text)
            ]
            if broken:
                broken[-1].append(line)
            else:
                groups.append(_Group([line]))
    return groups


def _is_below(last: Line, line: Line) -> bool:
    """Whether a line stands below another in the same column."""
    return (
        (line.page, line.aside) == (last.page, last.aside)
        and line.top >= last.top
        and line.left <= last.right
        and line.right >= last.left
    )


def _continues(group: Sequence[Line], line: Line, body: tuple[float, bool], leading: float) -> bool:
    """Whether a line below, in the same column, belongs to the lines before."""
    last = group[-1]
    if last.kind or line.kind or BULLET.match(line.text) or _NUMBER.match(line.text):
        return False
    gap = line.top - last.bottom
    if _is_heading(group[0], body) or _is_heading(line, body):
        alike = last.size == line.size and last.bold == line.bold and gap < 0.6 * line.size
        # Bold words within a paragraph may fill a line of it.
        inside = (
            abs(last.size - line.size) < 0.1 and gap < 0.5 * line.size and not _SENTENCE_END.search(last.text)
        )
        return alike or (inside and line.text[0].islower())
    within = [b.top - a.bottom for a, b in pairwise(group[-_NEAR:]) if a.page == b.page]
    usual = max(1.3 * max(within), 0.2 * line.size) if within else (leading + 0.2) * line.size
    # A short line that ends a sentence is the last, before one that begins one or is set in.
    widest = max(each.right for each in (*group[-_NEAR:], line)) - last.left
    apart = last.right - last.left < 0.75 * widest or line.left - last.left > 0.8 * line.size
    ended = _SENTENCE_END.search(last.text) is not None and not line.text[0].islower()
    return gap < usual and not (apart and ended)


def _join(group: Sequence[Line], hyphenated: Counter[str], words: SpellChecker) -> tuple[str, list[str]]:
    """The words of a group's lines, and those of them that were put together again."""
    text, joined = group[0].text, []
    for line in group[1:]:
        broken, rest = _BROKEN_WORD.search(text), re.match(r"\w+", line.text)
        if broken and rest and line.text[0].islower():
            whole, apart = broken[1] + rest[0], f"{broken[1]}-{rest[0]}"
            parts = words.unknown([whole.lower()]) and not words.unknown([broken[1].lower(), rest[0]])
            keep = bool(hyphenated[apart.casefold()] or parts)
            text = (text if keep else text[:-1]) + line.text
            joined.append(apart if keep else whole)
        else:
            text = f"{text} {line.text}"
    return text, joined
