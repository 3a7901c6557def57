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

from app.corpus.catalog import FIELDS, check_article, show_path
from app.corpus.passages import cut_article
from app.disk import flush_folder, write_durably
from app.errors import CorpusError
from app.records import Article, Passage

Value = str | date | Sequence[str] | None
ENDINGS = (".toml", ".txt")
"""In the order of their arrival: an article is there when its text is."""


@dataclass(frozen=True, slots=True)
class Staged:
    """An article written beside the corpus, read back and found sound, but not yet part of it."""

    article: Article
    passages: tuple[Passage, ...]
    metadata: str
    """The words of its .toml."""
    folder: Path

    @property
    def unread(self) -> tuple[str, ...]:
        """Lines outside every passage that are neither the title nor a heading above one."""
        text, passages = self.article.text, self.passages
        headings = {heading for passage in passages for heading in passage.section} | {self.article.title}
        edges = [0, *(edge for passage in passages for edge in (passage.start, passage.end)), len(text)]
        between = zip(edges[::2], edges[1::2], strict=True)
        lines = (line for start, end in between for line in text[start:end].split("\n"))
        words = (" ".join(line.lstrip("# \t").split()) for line in lines)
        return tuple(said for said in words if said and said not in headings)

    def place(self, corpus: Path, *, replace: bool) -> None:
        """Move both files into the corpus; raises CorpusError when they may not, and leaves all as it was."""
        if not replace:
            check_vacancy(corpus, self.article.slug)
        slug, before = self.article.slug, {ending: self.folder / f"before{ending}" for ending in ENDINGS}
        for ending, kept in before.items():
            if os.path.lexists(corpus / f"{slug}{ending}"):
                os.link(corpus / f"{slug}{ending}", kept, follow_symlinks=False)
        try:
            # Whoever is killed between the two leaves metadata without a text, which is told as a fault, and
            # never the text of one version beside the metadata of another.
            (corpus / f"{slug}.txt").unlink(missing_ok=True)
            flush_folder(corpus)
            for ending in ENDINGS:
                (self.folder / f"{slug}{ending}").replace(corpus / f"{slug}{ending}")
            flush_folder(corpus)
        except BaseException:
            for ending, kept in before.items():
                if os.path.lexists(kept):
                    kept.replace(corpus / f"{slug}{ending}")
                else:
                    (corpus / f"{slug}{ending}").unlink(missing_ok=True)
            raise


@contextmanager
def stage_article(
    corpus: Path, slug: str, text: str, metadata: Mapping[str, Value], *, elsewhere: bool = False
) -> Iterator[Staged]:
    """Write and read back both files in a hidden folder, which is gone afterwards.

    Raises CorpusError for whatever publishing would refuse. What is staged elsewhere cannot be placed.
    """
    if not elsewhere:
        corpus.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for name in FIELDS:
        if value := metadata.get(name):
            # A JSON string is a TOML string too.
            said = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{name} = {said}\n")
    folder = Path(tempfile.mkdtemp(prefix=".adding-", dir=None if elsewhere else corpus))
    try:
        write_durably(folder / f"{slug}.toml", "".join(lines).encode())
        write_durably(folder / f"{slug}.txt", text.encode())
        others = (other for other in corpus.glob("*.txt") if other.stem != slug and other.is_file())
        twins = {hashlib.sha256(other.read_bytes()).hexdigest(): other for other in others}
        article, problems = check_article(folder / f"{slug}.txt", twins)
        if article is None:
            # Under the name that its file will have.
            raise CorpusError(str(problems[0]).replace(f"{folder}/", "")) from problems[0]
        yield Staged(article, cut_article(article), "".join(lines), folder)
    finally:
        shutil.rmtree(folder)


def check_vacancy(corpus: Path, slug: str) -> None:
    """Raises CorpusError when an article of that name is there already."""
    for ending in ENDINGS:
        if os.path.lexists(corpus / f"{slug}{ending}"):
            name = f"{show_path(corpus / slug)}{ending}"
            raise CorpusError(f"{name} is there already; --replace writes over it, --slug names another.")
