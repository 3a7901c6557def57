"""A document of any kind -> a draft that a person reviews. Nothing is fetched, nothing in a document is run.

The libraries that read web pages, Word files and PDF are the extra `import`; each is loaded when a
document of its kind comes.
"""

from __future__ import annotations

import email
import os
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from email.policy import default as mail_policy
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_AS, RLIMIT_CPU, getpagesize, getrlimit, setrlimit
from time import process_time
from typing import cast

from pydantic import TypeAdapter

from app.corpus.catalog import MAX_BYTES, show_path
from app.corpus.drafts import INVISIBLE, Draft, Piece, ProposedMetadata, clean, tell_invisible
from app.corpus.proposals import propose_drops
from app.corpus.soundness import find_doubts, language_of
from app.corpus.structure import Kind
from app.errors import CorpusError

MAX_DOCUMENT_BYTES = 20_000_000
_MAX_TITLE = 200
SECONDS = 60
_MEMORY = 1_500_000_000
"""Bytes of address space that reading one document may take."""

ENDINGS = (".txt", ".md", ".html", ".htm", ".mhtml", ".mht", ".docx", ".pdf")

_DRAFT = TypeAdapter(Draft)
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_CHARSET = re.compile(
    rb"(?:<meta[^>]{0,200}charset|<\?xml[^>]{0,100}encoding)=[\"']?\s*([A-Za-z0-9_-]{2,30})", re.IGNORECASE
)
_NOTED_END = re.compile(r"(?<=[.!?])['\"”’)]*(?:\[[\d,–-]+\]|\d{1,3}|[¹²³⁰⁴-⁹]+)$")
"""The mark of a note behind the end of a sentence."""
_LINE_ENDS = str.maketrans({"\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n\n"})


def import_document(path: Path) -> Draft:
    """A draft of a .txt, .md, .html, .mhtml, .docx or .pdf; raises CorpusError, which names the file."""
    if re.match(r"(?:https?|file):/", str(path)):
        raise CorpusError(f"{show_path(path)}: an address; save the page in a browser and give the file.")
    if path.suffix.lower() not in ENDINGS:
        raise CorpusError(f"{show_path(path)}: not one of {', '.join(ENDINGS)}.")
    if not path.is_file():
        raise CorpusError(f"{show_path(path)}: there is no such file.")
    size = path.stat().st_size
    if size > MAX_DOCUMENT_BYTES:
        raise CorpusError(f"{show_path(path)}: {size:,} bytes; at most {MAX_DOCUMENT_BYTES:,} are read.")
    draft = _read_apart(path)
    text = draft.text if draft.text is not None else "\n".join(p.text for p in draft.pieces if p.kept)
    if len(text) > MAX_BYTES:
        raise CorpusError(f"{show_path(path)}: more text than an article has; give a part of it.")
    if not text.strip() and not draft.pieces:
        raise CorpusError(f"{show_path(path)}: there is no text in it.")
    language = draft.proposal.language or language_of(text) or None
    notes = (*draft.notes, *find_doubts(text, language or "en"))
    return replace(draft, notes=notes, proposal=replace(draft.proposal, language=language))


def _read_apart(path: Path) -> Draft:
    """Read in a process of its own: whatever a document makes a library do, it ends at its bounds."""
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        os.close(source)
        with os.fdopen(sink, "wb") as told:
            told.write(_read_within_bounds(path))
            told.flush()
            os._exit(0)
    os.close(sink)
    try:
        with os.fdopen(source, "rb") as told:
            said = told.read()
    finally:
        status = os.waitpid(child, 0)[1]
    if status or not said:
        raise CorpusError(f"{show_path(path)}: too large or too deep to be read; save it as text instead.")
    if said[:1] == b"!":
        fault = said[1:].decode()
        raise CorpusError(
            fault if fault.startswith((show_path(path), path.name)) else f"{show_path(path)}: {fault}"
        )
    return _DRAFT.validate_json(said)


def _read_within_bounds(path: Path) -> bytes:
    """The draft as JSON, or an exclamation mark and the fault in a line."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * getpagesize()
    for which, limit in ((RLIMIT_AS, used + _MEMORY), (RLIMIT_CPU, int(process_time()) + SECONDS)):
        hard = getrlimit(which)[1]
        setrlimit(which, (limit if hard == RLIM_INFINITY else min(limit, hard), hard))
    try:
        return _DRAFT.dump_json(_read_document(path))
    except CorpusError as error:
        return f"!{error}".encode("utf-8", "backslashreplace")
    except ModuleNotFoundError as error:
        return f"!{error.name} is not installed; run: pip install -c constraints.txt -e '.[import]'".encode()
    except (MemoryError, RecursionError):
        return b""
    except Exception:  # whatever a library makes of a damaged file
        return b"!damaged, or not what its name says; save it anew in the program that made it, or as text."


def _read_document(path: Path) -> Draft:
    """What a document's reader makes of it, with what sites put around an article left out."""
    ending = path.suffix.lower()
    if ending == ".docx":
        from app.corpus.word import read_word_file

        draft = read_word_file(path)
    elif ending == ".pdf":
        from app.corpus.printed import read_pdf

        draft = read_pdf(path)
    else:
        from app.corpus.saved import read_markdown, read_page

        source, notes = _decode(path)
        read = {".txt": _read_plain, ".md": read_markdown}.get(ending, read_page)
        draft = read(source)
        draft = replace(draft, notes=(*notes, *draft.notes))
    # In plain text a heading ends with the next one only: what follows a box "Don't" would be read under it.
    # The heading above the box therefore comes once more where text follows the box.
    pieces: list[Piece] = []
    above: list[Piece] = []
    for piece in propose_drops(draft.pieces):
        if piece.kept and piece.kind is Kind.HEADING:
            above = [*(heading for heading in above if heading.rank < piece.rank), piece]
        elif piece.kept and piece.ended:
            place = next((n for n, heading in enumerate(above) if heading.places == piece.ended), 0)
            if place:
                above = above[:place]
                pieces.append(replace(above[-1], why="again: the box above has ended"))
        pieces.append(piece)
    return replace(draft, pieces=tuple(pieces))


def _read_plain(source: str) -> Draft:
    """Text that is kept as it is, but for its line ends and what no text file may hold."""
    invisible = Counter(INVISIBLE.findall(source))
    plain = unicodedata.normalize("NFC", INVISIBLE.sub("", source))
    lines = [line.rstrip() for line in plain.translate(_LINE_ENDS).split("\n")]
    first = clean(next((line for line in lines if line.strip()), "")).lstrip("# ")
    notes: list[str] = []
    if len(lines) != plain.count("\n") + 1:
        notes.append("Line separators (U+2028, form feeds) became line ends.")
    if _NOTED_END.sub("", first).endswith((".", "!", ":", ";", ",")) or not 0 < len(first) <= _MAX_TITLE:
        notes.append("The first line is no title; give one with --title.")
        first = ""
    else:
        notes.append("The first line was taken for the title, which is no part of a passage.")
    text = "\n".join(lines).strip("\n") + "\n"
    return Draft((), ProposedMetadata(title=first or None), (*notes, *tell_invisible(invisible)), text=text)


def _decode(path: Path) -> tuple[str, tuple[str, ...]]:
    """A file's text with LF line ends, and what had to be guessed or changed for it."""
    content, label = path.read_bytes(), ""
    notes: tuple[str, ...] = ()
    if re.match(rb"(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}MIME-Version:", content[:4096]):
        message = email.message_from_bytes(content, policy=mail_policy)
        pages = (part for part in message.walk() if part.get_content_type() == "text/html")
        page = next((part for part in pages if isinstance(part.get_payload(decode=True), bytes)), None)
        if page is None:
            raise CorpusError(
                "a single-file web page (MHTML) without a page; save it as 'Webpage, complete'."
            )
        address = message.get("Snapshot-Content-Location", "")
        saved = f"<!-- saved from url=({len(address):04}){address} -->\n" if address else ""
        content = saved.encode() + cast(bytes, page.get_payload(decode=True))
        label = page.get_content_charset() or ""
        notes = ("Was a single-file web page (MHTML).",)
    encoding = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), "")
    if encoding:
        notes += (f"Was {encoding.upper()}; written as UTF-8.",)
    else:
        encoding, declared = _find_declared(content, label)
        notes += declared
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise CorpusError(f"{show_path(path)}: not text in {encoding}; save it as UTF-8.") from error
        text = content.decode("cp1252", "replace")
        notes += ("Not UTF-8: taken for Windows-1252; look at quotes and accents.",)
    if "\0" in text:
        raise CorpusError("holds NUL characters; it is not a text file.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _find_declared(content: bytes, label: str) -> tuple[str, tuple[str, ...]]:
    """The encoding that a page declares, as browsers read the label; empty for UTF-8 and unknown ones."""
    import webencodings

    declared = _CHARSET.search(content[:4096])
    label = label or (declared[1].decode() if declared else "utf-8")
    found = webencodings.lookup(label)
    if found is None:
        return "", (f"Declared as {label}, which is no encoding; taken for UTF-8.",)
    if found.name.startswith("utf-16"):
        # A page that could be read this far as ASCII is none (HTML standard, prescan of a byte stream).
        return "", (f"Declared as {label}, but is none; taken for UTF-8.",)
    with suppress(UnicodeDecodeError):
        if found.name != "utf-8" and len(content.decode("utf-8")) < len(content) - 1:
            # Text in another encoding is no UTF-8 by chance, but for a character or two.
            return "", (f"Declared as {label}, but is UTF-8.",)
    name = found.codec_info.name
    return ("", ()) if found.name == "utf-8" else (name, (f"Was {found.name}, declared as {label}.",))
