"""Reads and validates corpus/: one `<slug>.txt`, kept byte for byte, and one `<slug>.toml` about it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

from app.errors import CorpusError
from app.records import Article

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG = 100
MAX_BYTES = 8_000_000
"""A text larger than this is not an article; the whole of War and Peace is 3.3 MB."""

# Tab and line feed are the only control characters that text needs. Bidirectional overrides can make
# a reader see other words than the ones that are stored.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")

_Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^\S(.*\S)?$")]
_URL = TypeAdapter(HttpUrl)


class Metadata(BaseModel):
    """What corpus/<slug>.toml may say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Line
    publisher: _Line
    url: _Line
    retrieved: date
    rights: _Line
    author: _Line | None = None
    reviewed: date | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    exclude: tuple[_Line, ...] = Field(default=(), strict=False)
    when_to_get_help: tuple[_Line, ...] = Field(default=(), strict=False)


def read_corpus(folder: Path) -> tuple[Article, ...]:
    """Every article of the folder, by slug; raises CorpusError on the first fault."""
    problems = list(find_problems(folder))
    if problems:
        raise problems[0]
    return tuple(read_article(path) for path in _text_files(folder))


def find_problems(folder: Path) -> Iterator[CorpusError]:
    """Every fault of every file, one after the other."""
    texts = _text_files(folder)
    if not texts:
        yield CorpusError(f"{folder}: there is no article; add <slug>.txt and <slug>.toml.")
    yield from _find_strays(folder)
    seen: dict[str, Path] = {}
    for path in texts:
        twin = seen.setdefault(path.stem.casefold(), path)
        if twin is not path:
            yield CorpusError(f"{path}: the slug is used twice, by {twin.name} too; rename one.")
        for read in (_read_text, _read_metadata):
            try:
                read(path)
            except CorpusError as error:
                yield error


def read_article(path: Path) -> Article:
    """One article from its text file and the metadata beside it; raises CorpusError."""
    content = _read_text(path)
    metadata = _read_metadata(path)
    return Article(
        slug=path.stem,
        text=content.decode("utf-8"),
        sha256=hashlib.sha256(content).hexdigest(),
        **metadata.model_dump(),
    )


def _text_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))


def _find_strays(folder: Path) -> Iterator[CorpusError]:
    for path in sorted(folder.glob("*.toml")):
        if not path.with_suffix(".txt").is_file():
            yield CorpusError(f"{path}: there is no {path.stem}.txt beside it.")


def _read_text(path: Path) -> bytes:
    if not SLUG.fullmatch(path.stem) or len(path.stem) > MAX_SLUG:
        raise CorpusError(
            f"{path}: a slug is lower-case letters, digits and single hyphens, {MAX_SLUG} at most."
        )
    content = _read_regular_file(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: not UTF-8 at byte {error.start} ({error.reason}); save it as UTF-8."
        ) from None
    if not text.strip():
        raise CorpusError(f"{path}: the article is empty.")
    bad = FORBIDDEN.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        raise CorpusError(
            f"{path}: line {line} holds the control character U+{ord(bad[0]):04X}; "
            "save the file as plain UTF-8 text with LF line ends and no byte order mark."
        )
    return content


def _read_regular_file(path: Path) -> bytes:
    # A link could bring in a file from outside the corpus, a FIFO would block for ever.
    if path.is_symlink() or not path.is_file():
        raise CorpusError(f"{path}: not a regular file; put the file itself into the folder.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CorpusError(f"{path}: {size:,} bytes; an article has at most {MAX_BYTES:,}.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}).") from error


def _read_metadata(text_path: Path) -> Metadata:
    path = text_path.with_suffix(".toml")
    if not path.exists():
        raise CorpusError(f"{path}: missing; it needs title, publisher, url, retrieved and rights.")
    try:
        values = tomllib.loads(_read_regular_file(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorpusError(f"{path}: not valid TOML: {error}.") from None
    try:
        metadata = Metadata.model_validate(values)
        _URL.validate_python(metadata.url)
    except ValidationError as error:
        raise CorpusError(f"{path}: {_describe(error)}") from None
    return metadata


def _describe(error: ValidationError) -> str:
    parts = []
    for fault in error.errors():
        field = ".".join(str(part) for part in fault["loc"]) or "url"
        message = "the field is required" if fault["type"] == "missing" else fault["msg"]
        parts.append(f"{field}: {message}")
    return "; ".join(parts) + "."
