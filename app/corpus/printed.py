"""A PDF's lines -> pieces, by their size, weight and place; running heads and footnotes apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path

from spellchecker import SpellChecker

from app.corpus.drafts import Draft, Piece, Proposal, fold, make_pieces
from app.corpus.glyphs import Line, Print, read_pages
from app.corpus.structure import BULLET, Kind
from app.errors import CorpusError

LARGER = 1.12
"""A heading's letters are at least this much larger than the body's."""
SMALLER = 0.92
"""A footnote's or running head's letters have at most this share of the body's size."""
MARGIN = 0.08
"""Share of a page's height, above and below, where running heads and page numbers stand."""
WIDE_MARGIN = 0.15
"""Where they may stand when they stand there on three pages or more."""
NEAR = 8
"""How many lines of a paragraph say how wide it is and how far apart its lines are."""
UNKNOWN = 0.05
"""Where more words than this share are in no word list, letters may be lost; usual is 0.01 at most."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_NUMBER = re.compile(r"\(?(\d{1,2}|[a-z])[.)]\s")
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’)\]]*$")
_NO_HEADING = re.compile(r"[.!:;,…]['\"”’)\]]*$")
_BROKEN_WORD = re.compile(r"(\w+)[-‐]$")
_PAGE_NUMBER = re.compile(
    r"\W*(page|p|seite|página|pagina)?\W*#(\W*(of|von|de|sur|di)?\W*#)?\W*", re.IGNORECASE
)
_NOTE = re.compile(r"(\d{1,2}\s(?=[A-Z“\"])|[⁰¹²³⁴-⁹]{1,3}|[*†‡§](?=\s?\w))")
_RAISED = re.compile(r"[⁰¹²³⁴-⁹]+")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_UNREADABLE = re.compile(r"\(cid:\d+\)|[\ue000-\uf8ff\ufffd]")


@dataclass(slots=True)
class _Group:
    """Lines that are one paragraph, item, heading or row, and what stands between them that is not read."""

    lines: list[Line]
    aside: list[Line] = field(default_factory=list)


def read_pdf(path: Path) -> Draft:
    """The text of a PDF; raises CorpusError when it needs a password, is a scan or has none."""
    found = read_pages(path)
    body = _find_body(found.lines)
    lines = _set_apart(found.lines, body[0])
    kept = [line for line in lines if not line.why]
    _check_letters(path, kept, found.scans)
    words = _choose_word_list(" ".join(line.text for line in kept))
    pieces, mended = _make_pieces(lines, body, words)
    notes = (*found.notes, *_judge(pieces, words, mended, found.scans))
    return Draft(pieces, _propose(found, pieces), notes)


def _find_body(lines: Sequence[Line]) -> tuple[float, bool]:
    """Size and weight of most letters; those of tables count where hardly any stand outside of one."""
    prose: Counter[tuple[float, bool]] = Counter()
    tables: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        (tables if line.kind else prose)[line.size, line.bold] += 0 if line.why else len(line.text)
    letters = prose if 4 * prose.total() > tables.total() else tables
    return letters.most_common(1)[0][0] if letters else (0.0, False)


def _set_apart(lines: Sequence[Line], size: float) -> list[Line]:
    """Running heads, page numbers, footnotes and the marks that refer to them are no part of the text."""
    kept = [line for line in lines if not line.why]
    pages: dict[tuple[str, int], set[int]] = {}
    for line in kept:
        pages.setdefault((_form(line), round(line.top / 6)), set()).add(line.page)
    last = max((line.page for line in lines), default=0)
    apart: list[Line] = []
    marks: dict[int, set[str]] = {}
    note: Line | None = None
    for line in lines:
        often = len(pages.get((_form(line), round(line.top / 6)), ()))
        repeated = (
            line.size < LARGER * size and often * 3 >= last and often > (1 if line.edge < MARGIN else 2)
        )
        small = line.size <= SMALLER * size and line.kind is None
        lowest = small and _is_lowest(line, kept, size)
        begun = _NOTE.match(line.text) if lowest else None
        if line.why or (line.kind and not repeated):
            note = None
        elif repeated and line.edge < WIDE_MARGIN:
            line = replace(line, why="at the edge of the page")
        elif begun or (note and small and note.page == line.page and line.size == note.size):
            if begun:
                marks.setdefault(line.page, set()).add(begun[1].strip().translate(_DIGITS))
            note = line
            line = replace(line, why="footnote")
        elif line.edge < MARGIN and _is_furniture(line, kept, small=small):
            line = replace(line, why="at the edge of the page")
        else:
            note = None
        apart.append(line)
    return [
        each
        for line in apart
        for each in ([line] if line.why else _take_marks_off(line, marks.get(line.page, ())))
    ]


def _form(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _is_furniture(line: Line, kept: Sequence[Line], *, small: bool) -> bool:
    """A page number, or small type that no line of the same size joins to the rest of the page."""
    joined = any(
        other.page == line.page
        and other.size == line.size
        and other.edge >= MARGIN
        and abs(other.top - line.top) < 2 * line.size
        for other in kept
    )
    return _PAGE_NUMBER.fullmatch(_form(line)) is not None or (small and not joined)


def _is_lowest(line: Line, kept: Sequence[Line], size: float) -> bool:
    """Whether no line of the body stands below in the same column."""
    return not any(
        other.page == line.page
        and other.top > line.top
        and other.size > SMALLER * size
        and other.left < line.right
        and other.right > line.left
        and other.edge >= MARGIN
        for other in kept
    )


def _take_marks_off(line: Line, numbers: Container[str]) -> Iterator[Line]:
    """The line less the raised figures that refer to footnotes, and these; other raised figures stay."""
    marks = [mark for mark in _RAISED.findall(line.text) if mark.translate(_DIGITS) in numbers]
    yield replace(line, text=_RAISED.sub(lambda found: "" if found[0] in marks else found[0], line.text))
    for mark in marks:
        yield replace(line, text=mark.translate(_DIGITS), why="a note's mark")


def _check_letters(path: Path, kept: Sequence[Line], scans: Sequence[int]) -> None:
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


def _choose_word_list(text: str) -> SpellChecker:
    """Of the languages that have one, the list that knows most of the words."""
    words = _find_words(text)
    best = SpellChecker(language="en")
    for language in _LANGUAGES[1:]:
        if len(best.unknown(words)) <= 0.2 * len(words):
            break
        best = min(best, SpellChecker(language=language), key=lambda each: len(each.unknown(words)))
    return best


def _find_words(text: str) -> list[str]:
    """Words that no capital marks as a name."""
    return re.findall(r"(?<![\w'’.@/])[^\W\d_A-Z][^\W\d_]+(?![\w@])", text)


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
    found = _find_words(text)
    strange = words.unknown(found)
    unknown = Counter(word for word in found if word in strange)
    if unknown.total() > max(4, UNKNOWN * len(found)):
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
        line.size for line in lines if line.kind is None and not line.why and line.size > LARGER * body[0]
    }
    ranks = {size: rank for rank, size in enumerate(sorted(sizes, reverse=True)[:6], start=1)}
    hyphenated = Counter(re.findall(r"\w+-\w+", " ".join(line.text for line in lines).casefold()))
    pieces: list[Piece] = []
    mended: list[str] = []
    for group in _group_lines(lines, body):
        if group.lines:
            text, joined = _join(group.lines, hyphenated, words)
            mended.extend(joined)
            pieces.extend(_make_piece(group.lines[0], text, body, ranks))
        for (why, _), held in groupby(group.aside, key=lambda line: (line.why, line.page)):
            aside = make_pieces(Kind.PARAGRAPH, " ".join(line.text for line in held))
            pieces.extend(replace(piece, kept=False, why=why) for piece in aside)
    return tuple(pieces), mended


def _make_piece(line: Line, text: str, body: tuple[float, bool], ranks: dict[float, int]) -> Iterator[Piece]:
    bullet = BULLET.match(text)
    if line.kind:
        yield from make_pieces(line.kind, text)
    elif bullet:
        yield from make_pieces(Kind.ITEM, f"• {text[bullet.end() :]}")
    elif _is_heading(line, body):
        yield from make_pieces(Kind.HEADING, text, ranks.get(line.size, min(6, len(ranks) + 1)))
    else:
        yield from make_pieces(Kind.ITEM if _NUMBER.match(text) else Kind.PARAGRAPH, text)


def _is_heading(line: Line, body: tuple[float, bool]) -> bool:
    size, bold = body
    if line.kind or line.aside or BULLET.match(line.text):
        return False
    return line.size > LARGER * size or (
        line.bold and not bold and line.size >= size and not _NO_HEADING.search(line.text)
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
            others = [each.lines for each in groups[-6:] if each.lines] if before else []
            broken = [
                held for held in others if not _is_below(before[-1], line) and _is_taken_up(held, line, body)
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


def _is_taken_up(group: Sequence[Line], line: Line, body: tuple[float, bool]) -> bool:
    last = group[-1]
    return (
        not (last.kind or line.kind or _is_heading(last, body) or BULLET.match(line.text))
        and last.aside == line.aside
        and line.page - last.page < 2
        and abs(last.size - line.size) < 0.5
        and not _SENTENCE_END.search(last.text)
        and line.text[0].islower()
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
    within = [b.top - a.bottom for a, b in pairwise(group[-NEAR:]) if a.page == b.page]
    usual = max(1.3 * max(within), 0.2 * line.size) if within else (leading + 0.2) * line.size
    return gap < usual and not _is_last_line(group, line)


def _is_last_line(group: Sequence[Line], line: Line) -> bool:
    """A short line that ends a sentence, before a line that begins one, or a line that is set in."""
    last = group[-1]
    short = last.right - last.left < 0.75 * (max(each.right for each in (*group[-NEAR:], line)) - last.left)
    set_in = line.left - last.left > 0.8 * line.size
    return (short or set_in) and _SENTENCE_END.search(last.text) is not None and not line.text[0].islower()


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


def _propose(found: Print, pieces: Sequence[Piece]) -> Proposal:
    """The title that it says it has when that is to be read in it, else the first of the largest headings."""
    headings = [piece for piece in pieces if piece.kept and piece.kind is Kind.HEADING]
    largest = min(headings, key=lambda piece: piece.rank).text if headings else None
    named = found.info.get("Title") or None
    read = fold(" ".join(piece.text for piece in pieces if piece.kept))
    return Proposal(
        title=named if named and (fold(named) in read or not largest) else largest,
        author=found.info.get("Author") or None,
        published=_read_day(found.info.get("CreationDate", "")),
    )


def _read_day(value: str) -> date | None:
    """The day of a PDF's date; None for anything else."""
    created = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", value)
    try:
        return date(*map(int, created.groups())) if created else None
    except ValueError:
        return None
