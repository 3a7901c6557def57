"""Puts an accepted text into corpus/: both of its files, or neither."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.corpus.catalog import Metadata, check_article, show_path
from app.corpus.passages import cut_article
from app.errors import CorpusError
from app.records import Article, Passage

Value = str | date | Sequence[str] | None
FIELDS = tuple(Metadata.model_fields)
REQUIRED = tuple(name for name, field in Metadata.model_fields.items() if field.is_required())
ENDINGS = (".toml", ".txt")
"""In the order of their arrival: an article is there when its text is."""


@dataclass(frozen=True, slots=True)
class Staged:
    """An article written beside the corpus, read back and found sound, but not yet part of it."""

    article: Article
    passages: tuple[Passage, ...]
    unread: tuple[str, ...]
    """Lines that stand in no passage and head none."""
    folder: Path

    def place(self, corpus: Path, *, replace: bool) -> None:
        """Move both files into the corpus; raises CorpusError when they may not, and leaves all as it was."""
        _place(self.folder, corpus, self.article.slug, replace=replace)


@contextmanager
def stage_article(
    corpus: Path, slug: str, text: str, metadata: Mapping[str, Value], *, elsewhere: bool = False
) -> Iterator[Staged]:
    """Write and read back both files in a hidden folder, which is gone afterwards.

    Raises CorpusError for whatever publishing would refuse. What is staged elsewhere cannot be placed.
    """
    if not elsewhere:
        corpus.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".adding-", dir=None if elsewhere else corpus))
    try:
        _write(folder / f"{slug}.toml", format_metadata(metadata))
        _write(folder / f"{slug}.txt", text)
        article = _read(folder / f"{slug}.txt", corpus)
        passages = cut_article(article)
        yield Staged(article, passages, tuple(find_unread(article, passages)), folder)
    finally:
        shutil.rmtree(folder)


def check_vacancy(corpus: Path, slug: str) -> None:
    """Raises CorpusError when an article of that name is there already."""
    for ending in ENDINGS:
        if os.path.lexists(corpus / f"{slug}{ending}"):
            name = f"{show_path(corpus / slug)}{ending}"
            raise CorpusError(f"{name} is there already; --replace writes over it, --slug names another.")


def format_metadata(metadata: Mapping[str, Value]) -> str:
    """The lines of corpus/<slug>.toml, in the order of the format, without what is empty."""
    lines = (f"{name} = {_format(value)}\n" for name in FIELDS if (value := metadata.get(name)))
    return "".join(lines)


def find_unread(article: Article, passages: Sequence[Passage]) -> Iterator[str]:
    """Lines outside every passage that are neither the title nor a heading above one."""
    headings = {heading for passage in passages for heading in passage.section} | {article.title}
    edges = [0, *(edge for passage in passages for edge in (passage.start, passage.end)), len(article.text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        for line in article.text[start:end].split("\n"):
            words = " ".join(line.lstrip("# \t").split())
            if words and words not in headings:
                yield words


def _format(value: Value) -> str:
    if isinstance(value, date):
        return value.isoformat()
    # A JSON string is a TOML string too.
    return json.dumps(value, ensure_ascii=False)


def _read(path: Path, corpus: Path) -> Article:
    """The article, or a fault that publishing would find, under the name that its file will have."""
    others = (other for other in corpus.glob("*.txt") if other.name != path.name and other.is_file())
    twins = {hashlib.sha256(other.read_bytes()).hexdigest(): other for other in others}
    article, problems = check_article(path, twins)
    if article is None:
        raise CorpusError(str(problems[0]).replace(f"{path.parent}/", "")) from problems[0]
    return article


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _place(folder: Path, corpus: Path, slug: str, *, replace: bool) -> None:
    if not replace:
        check_vacancy(corpus, slug)
    before = {ending: _set_aside(corpus / f"{slug}{ending}", folder) for ending in ENDINGS}
    try:
        # Whoever is killed between the two leaves metadata without a text, which is told as a fault, and
        # never the text of one version beside the metadata of another.
        (corpus / f"{slug}.txt").unlink(missing_ok=True)
        _sync(corpus)
        for ending in ENDINGS:
            (folder / f"{slug}{ending}").replace(corpus / f"{slug}{ending}")
        _sync(corpus)
    except BaseException:
        for ending, kept in before.items():
            _restore(corpus / f"{slug}{ending}", kept)
        raise


def _set_aside(path: Path, folder: Path) -> Path | None:
    """A second name for the file that is there, if one is."""
    if not os.path.lexists(path):
        return None
    kept = folder / f"before{path.suffix}"
    os.link(path, kept, follow_symlinks=False)
    return kept


def _restore(path: Path, kept: Path | None) -> None:
    if kept is None:
        path.unlink(missing_ok=True)
    else:
        kept.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
