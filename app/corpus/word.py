"""Word files -> drafts; the only place of mammoth."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import mammoth
from defusedxml.ElementTree import fromstring

from app.corpus.catalog import show_path
from app.corpus.drafts import Draft, Piece, ProposedMetadata, clean, read_date
from app.corpus.markup import walk_markup
from app.corpus.structure import Kind
from app.errors import CorpusError

_MAX_UNPACKED_BYTES = 60_000_000
_MAX_PARTS = 2_000

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CORE = {"dc": "http://purl.org/dc/elements/1.1/", "dcterms": "http://purl.org/dc/terms/"}
_STYLES = (
    "p[style-name='Title'] => h1:fresh",
    "p[style-name='Subtitle'] => p:fresh",
    "strike => s",
    "highlight[color='hidden'] => span[hidden='hidden']",
)
# mammoth knows highlights and not hidden words, so these become those.
_HIDDEN = re.compile(rb'<w:vanish(?:\s+w:val="(?:1|true|on)")?\s*/>')
# Nor does it read the words of simple fields, such as a reference to a page.
_FIELD = re.compile(rb"</?w:fldSimple\b[^>]*>")
_PARTS = {
    r"word/document\.xml": "deleted, hidden or in a drawing",
    r"word/header\d*\.xml": "a page's head",
    r"word/footer\d*\.xml": "a page's foot",
    r"word/(?:footnotes|endnotes)\.xml": "a note",
    r"word/comments\.xml": "a comment",
    r"word/(?:diagrams/data|charts/chart)\d*\.xml": "in a drawing",
}


def read_word_file(path: Path) -> Draft:
    """Its body is kept; headers, footers, notes, comments and what else it holds are shown as dropped."""
    _check_archive(path)
    copy = BytesIO()
    with zipfile.ZipFile(path) as archive:
        with zipfile.ZipFile(copy, "w") as written:
            for name in archive.namelist():
                part = _HIDDEN.sub(b'<w:highlight w:val="hidden"/>', archive.read(name))
                written.writestr(name, _FIELD.sub(b"", part))
        copy.seek(0)
        styles = "\n".join((*_STYLES, *_find_heading_styles(archive)))
        converted = mammoth.convert_to_html(copy, style_map=styles).value
        page = walk_markup(f"<body>{converted}</body>")
        dropped = tuple(_find_dropped(archive, converted))
        return Draft((*page.pieces, *dropped), _propose(archive, page.pieces), page.notes)


def _check_archive(path: Path) -> None:
    """A Word file is an archive that could unpack to anything, and XML that could define itself larger."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
                raise CorpusError(f"{show_path(path)}: unpacks to more than {_MAX_UNPACKED_BYTES:,} bytes.")
            if "word/document.xml" not in archive.namelist():
                raise CorpusError(f"{show_path(path)}: not a Word file (.docx).")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(part):
                    raise CorpusError(f"{show_path(path)}: {clean(part.filename)} defines a document type.")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise CorpusError(f"{show_path(path)}: not a Word file (.docx).") from error


def _find_heading_styles(archive: zipfile.ZipFile) -> Iterator[str]:
    """Lines for mammoth about styles of the document's own that are based on those of headings."""
    if "word/styles.xml" not in archive.namelist():
        return
    based: dict[str, str] = {}
    names: dict[str, str] = {}
    for style in fromstring(archive.read("word/styles.xml")).iter(f"{_WORD}style"):
        key = style.get(f"{_WORD}styleId", "")
        names[key] = _read_value(style.find(f"{_WORD}name"))
        based[key] = _read_value(style.find(f"{_WORD}basedOn"))
    for key, name in names.items():
        seen = [key]
        while based.get(seen[-1]) and based[seen[-1]] not in seen:
            seen.append(based[seen[-1]])
        ranks = (re.fullmatch(r"heading ([1-6])", names.get(one, ""), re.IGNORECASE) for one in seen[1:])
        heading = next(filter(None, ranks), None)
        if heading and re.fullmatch(r"[^'\\\n]+", name):
            yield f"p[style-name='{name}'] => h{heading[1]}:fresh"


def _read_value(element: Element | None) -> str:
    return "" if element is None else element.get(f"{_WORD}val", "")


def _find_dropped(archive: zipfile.ZipFile, converted: str) -> Iterator[Piece]:
    """The paragraphs of every part that hold words which are not in what was converted."""
    body = re.sub(r'<sup><a href="#(?:foot|end)note-[^>]*>\[\d+\]</a></sup>', "", converted)
    whole = _fold(unescape(re.sub(r"<[^>]*>", "", body)))
    for name in archive.namelist():
        why = next((why for pattern, why in _PARTS.items() if re.fullmatch(pattern, name)), None)
        for paragraph in fromstring(archive.read(name)).iter() if why else ():
            if not paragraph.tag.endswith("}p"):
                continue
            words: list[str] = []
            for element in paragraph.iter():
                said = element.text or "" if element.tag.endswith(("}t", "}delText")) else ""
                words.append(" " if element.tag in (f"{_WORD}br", f"{_WORD}tab") else said)
            text = clean("".join(words))
            if any(_fold(word) not in whole for word in words) and any(map(str.isalnum, text)):
                yield Piece(Kind.PARAGRAPH, text, kept=False, why=why or "")


def _fold(words: str) -> str:
    """Letters and figures alone."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", words).casefold())


def _propose(archive: zipfile.ZipFile, pieces: tuple[Piece, ...]) -> ProposedMetadata:
    heading = next((piece.text for piece in pieces if piece.kind is Kind.HEADING and piece.rank == 1), None)
    try:
        core = fromstring(archive.read("docProps/core.xml"))
    except (KeyError, ParseError):
        return ProposedMetadata(title=heading)
    return ProposedMetadata(
        title=_property_of(core, "dc:title") or heading,
        author=_property_of(core, "dc:creator"),
        published=read_date(_property_of(core, "dcterms:modified")),
    )


def _property_of(core: Element, name: str) -> str | None:
    return clean(core.findtext(name, "", _CORE)) or None
