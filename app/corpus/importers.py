"""A document of any kind -> a draft that a person reviews. Nothing is fetched, nothing in a document is run.

The libraries that read web pages, Word files and PDF are the extra `import`; each is loaded when a
document of its kind comes.
"""

from __future__ import annotations

import re
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_AS, RLIMIT_CPU, getpagesize, getrlimit, setrlimit
from time import process_time
from types import FrameType
from xml.etree.ElementTree import Element, ParseError

from app.corpus.catalog import MAX_BYTES, show_path
from app.corpus.drafts import Draft, Piece, Proposal, clean, fold, make_pieces, read_date
from app.corpus.structure import Kind
from app.errors import CorpusError

MAX_DOCUMENT_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 60_000_000
MAX_PARTS = 2_000
SECONDS = 60
MEMORY = 1_500_000_000
"""Bytes of address space that reading one document may take."""

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CORE = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
}
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?\s*([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def import_document(path: Path) -> Draft:
    """A draft of a .txt, .md, .html, .docx or .pdf; raises CorpusError, which names the file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise CorpusError(f"{show_path(path)}: not one of {', '.join(READERS)}.")
    _check_file(path)
    try:
        with _bounds():
            draft = reader(path)
    except ModuleNotFoundError as error:
        raise CorpusError(
            f"{error.name} is not installed; run: pip install -c constraints.txt -e '.[import]'"
        ) from error
    except (MemoryError, RecursionError, TimeoutError) as error:
        raise CorpusError(
            f"{show_path(path)}: too large or too deep to be read; save it as text instead."
        ) from error
    except CorpusError as error:
        named = str(error).startswith((show_path(path), path.name))
        raise error if named else CorpusError(f"{show_path(path)}: {error}") from error
    return _check_draft(path, draft)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise CorpusError(f"{show_path(path)}: there is no such file.")
    size = path.stat().st_size
    if size > MAX_DOCUMENT_BYTES:
        raise CorpusError(f"{show_path(path)}: {size:,} bytes; at most {MAX_DOCUMENT_BYTES:,} are read.")


def _check_draft(path: Path, draft: Draft) -> Draft:
    if sum(len(piece.text) for piece in draft.pieces) > MAX_BYTES:
        raise CorpusError(f"{show_path(path)}: more text than an article has; give a part of it.")
    if draft.text is None and not draft.pieces:
        raise CorpusError(f"{show_path(path)}: there is no text in it.")
    return draft


@contextmanager
def _bounds() -> Iterator[None]:
    """Whatever a document holds, reading it ends: a bomb runs into its own limits, not the machine's."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * getpagesize()
    memory, seconds = getrlimit(RLIMIT_AS), getrlimit(RLIMIT_CPU)
    before = signal.signal(signal.SIGXCPU, _give_up)
    setrlimit(RLIMIT_AS, (_lower(used + MEMORY, memory[1]), memory[1]))
    setrlimit(RLIMIT_CPU, (_lower(int(process_time()) + SECONDS, seconds[1]), seconds[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_AS, memory)
        setrlimit(RLIMIT_CPU, seconds)
        signal.signal(signal.SIGXCPU, before)


def _lower(limit: int, hard: int) -> int:
    return limit if hard == RLIM_INFINITY else min(limit, hard)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def _read_plain(path: Path) -> Draft:
    """Text that is kept as it is, but for its encoding, line ends and what no text file may hold."""
    source, notes = _decode(path)
    lines = [line.rstrip() for line in source.split("\n")]
    text = "\n".join(lines).strip("\n") + "\n"
    first = clean(next((line for line in lines if line.strip()), ""))
    return Draft((), Proposal(title=first.lstrip("# ") or None), notes, text=text)


def _read_markdown(path: Path) -> Draft:
    from app.corpus.markup import read_markdown

    source, notes = _decode(path)
    return replace(read_markdown(source), notes=notes)


def _read_html(path: Path) -> Draft:
    from app.corpus.markup import read_page

    source, notes = _decode(path)
    draft = read_page(source)
    return replace(draft, notes=(*notes, *draft.notes))


def _read_pdf(path: Path) -> Draft:
    from app.corpus.printed import read_pdf

    return read_pdf(path)


def _read_docx(path: Path) -> Draft:
    """A Word file: its body is kept, headers, footers and comments are shown as dropped."""
    import mammoth

    from app.corpus.markup import walk_markup

    _check_archive(path)
    with path.open("rb") as file:
        converted = mammoth.convert_to_html(file, style_map=_STYLES, ignore_empty_paragraphs=True)
    pieces = tuple(walk_markup(converted.value))
    whole = fold(" ".join(piece.text for piece in pieces))
    with zipfile.ZipFile(path) as archive:
        dropped = [
            piece for words in _find_words(archive) if fold(words) not in whole for piece in _drop(words)
        ]
        proposal = _propose(archive, pieces)
    return Draft((*pieces, *dropped), proposal)


def _drop(words: str) -> Iterator[Piece]:
    for piece in make_pieces(Kind.PARAGRAPH, words):
        yield replace(piece, kept=False, why="header, footer, note or drawing")


def _check_archive(path: Path) -> None:
    """A Word file is an archive that could unpack to anything, and XML that could define itself larger."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise CorpusError(f"{show_path(path)}: unpacks to more than {MAX_UNPACKED_BYTES:,} bytes.")
            if "word/document.xml" not in archive.namelist():
                raise CorpusError(f"{show_path(path)}: not a Word file (.docx).")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(part):
                    raise CorpusError(f"{show_path(path)}: {clean(part.filename)} defines a document type.")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise CorpusError(f"{show_path(path)}: not a Word file (.docx).") from error


def _find_words(archive: zipfile.ZipFile) -> Iterator[str]:
    """The paragraphs of every part of a Word file."""
    from defusedxml.ElementTree import fromstring

    for name in archive.namelist():
        if re.fullmatch(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml", name):
            for paragraph in fromstring(archive.read(name)).iter(f"{_WORD}p"):
                yield clean("".join(_read_run(element) for element in paragraph.iter()))


def _read_run(element: Element) -> str:
    if element.tag == f"{_WORD}t":
        return element.text or ""
    return " " if element.tag in (f"{_WORD}br", f"{_WORD}tab") else ""


def _propose(archive: zipfile.ZipFile, pieces: tuple[Piece, ...]) -> Proposal:
    from defusedxml.ElementTree import fromstring

    heading = next((piece.text for piece in pieces if piece.kind is Kind.HEADING and piece.rank == 1), None)
    try:
        core = fromstring(archive.read("docProps/core.xml"))
    except (KeyError, ParseError):
        return Proposal(title=heading)
    return Proposal(
        title=_find_property(core, "dc:title") or heading,
        author=_find_property(core, "dc:creator"),
        published=read_date(_find_property(core, "dcterms:modified")),
    )


def _find_property(core: Element, name: str) -> str | None:
    return clean(core.findtext(name, "", _CORE)) or None


def _decode(path: Path) -> tuple[str, tuple[str, ...]]:
    """A file's text with LF line ends, and what had to be guessed or changed for it."""
    content = path.read_bytes()
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _normalize(_decode_as(path, content, encoding)), (
                f"Was {encoding.upper()}; written as UTF-8.",
            )
    declared = _CHARSET.search(content[:4096])
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        return _normalize(_decode_as(path, content, declared[1].decode())), (f"Was {declared[1].decode()}.",)
    try:
        return _normalize(content.decode("utf-8")), ()
    except UnicodeDecodeError:
        note = "Not UTF-8: taken for Windows-1252; look at quotes and accents."
        return _normalize(_decode_as(path, content, "cp1252")), (note,)


def _decode_as(path: Path, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise CorpusError(f"{show_path(path)}: not text in {encoding}; save it as UTF-8.") from error


def _normalize(text: str) -> str:
    if "\0" in text:
        raise CorpusError("holds NUL characters; it is not a text file.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


READERS: dict[str, Callable[[Path], Draft]] = {
    ".txt": _read_plain,
    ".md": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".docx": _read_docx,
    ".pdf": _read_pdf,
}
