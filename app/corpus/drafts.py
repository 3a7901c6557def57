"""A document on its way into the corpus: its pieces, what is kept, and the plain text they make. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.corpus.catalog import FORBIDDEN
from app.corpus.structure import CONTENT, Kind, find_blocks, find_sections
from app.records import Article

INVISIBLE = re.compile("[\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff]")
"""Soft hyphens and other characters that no reader sees."""
_TABLE = {Kind.TABLE_HEADER, Kind.TABLE_ROW, Kind.RULE}


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of a document, with its words as a reader sees them, on one line."""

    kind: Kind
    text: str
    rank: int = 0
    """Of a heading: 1 to 6; of a list item: how deep it stands, from 0."""
    kept: bool = True
    linked: bool = False
    """Most of it is a link."""
    bold: bool = False
    """All of it is set in bold."""
    why: str = ""
    """Why it was dropped, or kept against the rule."""
    places: tuple[int, ...] = ()
    """Of a page: the numbers of the text nodes that it was read from."""
    aside: bool = False
    """In a part of a page that is named as one around its article."""
    ended: tuple[int, ...] = ()
    """The places of a heading above whose box ended before this, so that it does not stand under it."""


@dataclass(frozen=True, slots=True)
class ProposedMetadata:
    """What a document says about itself."""

    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    author: str | None = None
    published: date | None = None
    """Its own date; not the date of a review."""
    reviewed: date | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was read from a document, in its order; ``text`` is given when it was plain text already."""

    pieces: tuple[Piece, ...]
    proposal: ProposedMetadata
    notes: tuple[str, ...] = ()
    text: str | None = None

    def choose(self, keep: frozenset[int], drop: frozenset[int]) -> Draft:
        """The draft with pieces kept or dropped by number, counted from 1."""
        chosen = (
            replace(piece, kept=(piece.kept or number in keep) and number not in drop)
            for number, piece in enumerate(self.pieces, start=1)
        )
        return replace(self, pieces=tuple(chosen))

    def render(self, title: str) -> str:
        """The text as it will stand in corpus/<slug>.txt: LF line ends, one at the end.

        Its headings are marked with ``#`` only where reading it back would else differ.
        """
        if self.text is not None:
            return self.text
        kept = [piece for piece in self.pieces if piece.kept]
        plain = "".join(_render(kept, marked=False))
        if self.is_read_from(plain, title):
            return plain
        # A text with a marked heading has no others; the title is one, and no content.
        titled = any(piece.kind is Kind.HEADING for piece in kept) or not title
        return ("" if titled else f"# {title}\n\n") + "".join(_render(kept, marked=True))

    def is_read_from(self, text: str, title: str) -> bool:
        """Whether the text, cut as an article, gives the pieces that are kept, each under its headings."""
        article = Article("draft", title, "", "", date.min, "", text, "")
        sections = find_sections(text, find_blocks(article))
        read = [(path, fold(text[b.start : b.end])) for path, held in sections for b in held]
        expected: list[tuple[tuple[str, ...], str]] = []
        ranked: list[Piece] = []
        for number, piece in enumerate(piece for piece in self.pieces if piece.kept):
            if piece.kind is Kind.HEADING and (number or fold(piece.text) != fold(title)):
                ranked = [*(above for above in ranked if above.rank < piece.rank), piece]
            elif piece.kind in CONTENT:
                expected.append((tuple(above.text for above in ranked), fold(piece.text)))
        return read == expected


def fold(words: str) -> str:
    """Words for comparing: one space between them, no capitals."""
    return " ".join(words.casefold().split())


def _render(pieces: Sequence[Piece], *, marked: bool) -> Iterator[str]:
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if before:
            listed = before.kind is piece.kind is Kind.ITEM
            close = listed or (before.kind in _TABLE and piece.kind is Kind.TABLE_ROW)
            yield "\n" if close else "\n\n"
        if marked and piece.kind is Kind.HEADING:
            yield "#" * piece.rank + " "
        if piece.kind is Kind.ITEM:
            yield "  " * piece.rank
        yield piece.text
    yield "\n"


def clean(words: str) -> str:
    """Words on one line, composed, without what a text may not hold: soft hyphens, marks, joined letters."""
    plain = re.sub(
        "[\ufb00-\ufb06]", lambda match: unicodedata.normalize("NFKC", match[0]), INVISIBLE.sub("", words)
    )
    return unicodedata.normalize("NFC", " ".join(FORBIDDEN.sub(" ", plain).split()))


def tell_invisible(counts: Counter[str]) -> Iterator[str]:
    """A note that names the invisible characters taken out."""
    if counts:
        named = ", ".join(f"{count} U+{ord(character):04X}" for character, count in counts.items())
        yield f"Invisible characters, taken out: {named}."


def read_date(value: str | None) -> date | None:
    """The day that a date or time in ISO 8601 begins with; None for anything else."""
    try:
        return date.fromisoformat((value or "")[:10])
    except ValueError:
        return None
