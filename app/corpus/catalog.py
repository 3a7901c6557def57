"""Reads and validates corpus/: one `<slug>.txt`, kept byte for byte, and one `<slug>.toml` about it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

from app.corpus.soundness import language_of
from app.corpus.structure import Kind, find_blocks, find_sections
from app.errors import CorpusError
from app.records import Article

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG = 100
MAX_BYTES = 8_000_000
"""A text larger than this is not an article; the whole of War and Peace is 3.3 MB."""
_READ_FOR_LANGUAGE = 6_000
"""Characters of a text that say which language it is in."""
_MAX_METADATA_BYTES = 65_536
_MAX_PROBLEMS_OF_TEXT = 10
"""A file in the wrong character set has a fault in nearly every line."""

# Tab and line feed are the only control characters that text needs. Bidirectional overrides, tags and
# line separators make a reader see other words or lines than the ones that are stored.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\U000e0000-\U000e007f]"
)
# What is left when a text was decoded with the wrong character set: "babyâ€™s", "cafÃ©", "\ufffd".
_GARBLED = re.compile("\ufffd|â€[™œ“”˜¦\x9d]?|Ã[©¨¤¶¼±¡³­§´®¯¢£¹]|Â[\xa0°·½]")

_URL = TypeAdapter(HttpUrl)
_EXPLANATIONS = {
    "missing": "the field is required.",
    "extra_forbidden": "there is no such field; corpus/README.md lists them.",
    "date_type": "write a date without quotes: 2026-11-21.",
    "string_type": "write a text in quotes.",
    "tuple_type": 'write a list of texts: ["...", "..."].',
    "string_pattern_mismatch": "one line of text, without spaces around it, is what belongs here.",
}
"""What pydantic's kinds of fault mean to whoever wrote the file."""


def _check_line(line: str) -> str:
    bad = FORBIDDEN.search(line)
    if bad:
        raise ValueError(f"holds the control character U+{ord(bad[0]):04X}; take it out")
    return line


def _check_url(url: str) -> str:
    try:
        parsed = _URL.validate_python(url)
    except ValidationError:
        raise ValueError("is not an http(s) address; give the public page with this text") from None
    if re.search(r"[\s<>\"\\^`{|}]", url) or parsed.username or parsed.password:
        raise ValueError("has a space, quote or password in it; give the plain address of the page")
    return url


_Line = Annotated[
    str, Field(min_length=1, max_length=500, pattern=r"^\S(.*\S)?$"), AfterValidator(_check_line)
]
_Address = Annotated[_Line, AfterValidator(_check_url)]


class _Metadata(BaseModel):
    """What corpus/<slug>.toml may say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Line
    publisher: _Line
    url: _Address
    retrieved: date
    rights: _Line
    author: _Line | None = None
    reviewed: date | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    exclude: tuple[_Line, ...] = Field(default=(), strict=False)
    when_to_get_help: tuple[_Line, ...] = Field(default=(), strict=False)


FIELDS = tuple(_Metadata.model_fields)
REQUIRED = tuple(name for name, field in _Metadata.model_fields.items() if field.is_required())


def read_corpus(folder: Path) -> tuple[Article, ...]:
    """Every article of the folder, by slug; raises CorpusError on the first fault."""
    articles, problems = check_corpus(folder)
    for problem in problems:
        raise problem
    return articles


def check_corpus(folder: Path) -> tuple[tuple[Article, ...], tuple[CorpusError, ...]]:
    """The articles without a fault, by slug, and every fault of every file; each names its remedy."""
    texts = sorted(folder.glob("*.txt"))
    problems: list[CorpusError] = []
    if not texts:
        name = show_path(folder)
        problems.append(CorpusError(f"{name}: there is no article; add <slug>.txt and <slug>.toml."))
    for path in sorted(folder.glob("*")):
        # Files that a maintainer may take for published and that nobody reads.
        fault, ending = "", path.suffix.lower()
        if path.suffix == ".toml" and not path.with_suffix(".txt").exists():
            fault = "there is no .txt beside it; add that or remove this."
        elif ending in {".docx", ".pdf", ".html", ".htm"}:
            fault = "not read from here; use scripts/add_article.py on it."
        elif path.suffix not in {".txt", ".toml"} and ending in {".txt", ".toml"}:
            fault = "not read; write the ending in lower case."
        problems += [CorpusError(f"{show_path(path)}: {fault}")] if fault else []
    articles: list[Article] = []
    twins: dict[str, Path] = {}
    for path in texts:
        article, found = check_article(path, twins)
        articles += [article] if article else []
        problems += found
    return tuple(articles), tuple(problems)


def check_article(path: Path, twins: dict[str, Path]) -> tuple[Article | None, list[CorpusError]]:
    """An article, unless it has a fault, and every fault of it.

    ``twins`` are those before it by SHA-256 of the text, and it joins them.
    """
    problems: list[CorpusError] = []
    text, metadata, toml = "", None, path.with_suffix(".toml")
    try:
        text = _read_text(path)
        # Lines are LF lines: str.splitlines would also break at characters that are faults themselves.
        for number, line in enumerate(text.split("\n"), start=1):
            bad, garbled = FORBIDDEN.search(line), _GARBLED.search(line)
            message = ""
            if bad:
                message = (
                    f"holds the control character U+{ord(bad[0]):04X}; "
                    "save the file as plain UTF-8 text with LF line ends and no byte order mark."
                )
            elif garbled:
                message = (
                    f"{garbled[0]!r} is what is left of a character that was decoded wrongly; "
                    "take the text from its source again."
                )
            if message and len(problems) < _MAX_PROBLEMS_OF_TEXT:
                problems.append(CorpusError(f"{path}:{number}: {message}"))
    except CorpusError as error:
        problems.append(error)
    try:
        metadata = _Metadata.model_validate(_read_metadata(toml))
    except CorpusError as error:
        problems.append(error)
    except ValidationError as error:
        for fault in error.errors():
            message = _EXPLANATIONS.get(fault["type"], f"{fault['msg'].removeprefix('Value error, ')}.")
            problems.append(_fault(toml, str(fault["loc"][0]), message))
    if problems or metadata is None:
        return None, problems
    article = Article(
        slug=path.stem,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        **metadata.model_dump(),
    )
    problems += _find_content_problems(path, article, twins)
    return None if problems else article, problems


def show_path(path: Path) -> str:
    """A file's name for a message: without line breaks, escape sequences or bytes that are no text."""
    name = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _find_content_problems(path: Path, article: Article, twins: dict[str, Path]) -> Iterator[CorpusError]:
    """What only text and metadata together can tell."""
    twin = twins.setdefault(article.sha256, path)
    if twin is not path:
        yield CorpusError(f"{show_path(path)}: the same text as {twin.name}; remove one of them.")
    toml = path.with_suffix(".toml")
    blocks = find_blocks(article)
    if not find_sections(article.text, blocks):
        yield CorpusError(f"{article.slug}.txt: there is no content besides headings and excluded lines.")
    language = language_of(article.text[:_READ_FOR_LANGUAGE])
    if language not in ("", article.language.partition("-")[0]):
        yield _fault(toml, "language", f'the text reads like another; write language = "{language}".')
    excluded = [article.text[b.start : b.end] for b in blocks if b.kind is Kind.EXCLUDED]
    headings = {" ".join(article.text[b.start : b.end].split()) for b in blocks if b.kind is Kind.HEADING}
    for start in article.exclude:
        if not any(start in line for line in excluded):
            yield _fault(toml, "exclude", f"no line of the text begins with {start!r}; mend or remove it.")
    for heading in article.when_to_get_help:
        if heading not in headings:
            yield _fault(toml, "when_to_get_help", f"the text has no heading {heading!r}; mend or remove it.")


def _read_text(path: Path) -> str:
    """An article's text, which is not blank; raises CorpusError."""
    if not SLUG.fullmatch(path.stem) or len(path.stem) > MAX_SLUG:
        raise CorpusError(
            f"{show_path(path)}: a slug is lower-case letters, digits and single hyphens, {MAX_SLUG} at most."
        )
    text = _read_file(path, MAX_BYTES)
    if not text.strip():
        raise CorpusError(f"{path}: the article is empty.")
    return text


def _read_file(path: Path, limit: int) -> str:
    """The text of a file, with its own line ends; raises CorpusError, where it is not UTF-8 with the byte."""
    # A link could bring in a file from outside the corpus, a FIFO would block for ever.
    if path.is_symlink() or not path.is_file():
        raise CorpusError(f"{show_path(path)}: not a regular file; put the file itself into the folder.")
    size = path.stat().st_size
    if size > limit:
        raise CorpusError(f"{show_path(path)}: {size:,} bytes; at most {limit:,} are read.")
    try:
        content = path.read_bytes()
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{show_path(path)}:{line}: not UTF-8 at byte {error.start} ({error.reason}); save it as UTF-8."
        ) from None
    except OSError as error:
        raise CorpusError(f"{show_path(path)}: cannot be read ({error.strerror}).") from error


def _read_metadata(path: Path) -> dict[str, Any]:
    """The values of a TOML file, not yet validated; raises CorpusError."""
    try:
        path.lstat()
    except OSError:
        raise CorpusError(
            f"{show_path(path)}: missing; it needs title, publisher, url, retrieved and rights."
        ) from None
    try:
        return tomllib.loads(_read_file(path, _MAX_METADATA_BYTES))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise CorpusError(f"{show_path(path)}: not valid TOML: {error}.") from None


def _fault(path: Path, field: str, message: str) -> CorpusError:
    """A fault of a field, with its line where the file has one."""
    sign = re.compile(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=")
    lines = enumerate(path.read_text("utf-8").split("\n"), start=1)
    place = next((f":{number}" for number, line in lines if sign.match(line)), "")
    return CorpusError(f"{show_path(path)}{place}: {field}: {message}")
