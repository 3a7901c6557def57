"""SQLite: articles, passages, sentences, and what was withdrawn. Stored text is never cleaned."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from app.errors import BuildError, NotFound, Withdrawn
from app.index.database import Database
from app.index.embedded import embedded_hash, embedded_passage, embedded_sentence
from app.index.generation import LAYOUT
from app.index.lexical import LexicalWriter
from app.records import Article, Passage, Span, WithdrawnPassage, name_passage

_SCHEMA = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL, metadata TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, article INTEGER NOT NULL REFERENCES articles,
    start INTEGER NOT NULL, end INTEGER NOT NULL, section TEXT NOT NULL,
    lead_start INTEGER, lead_end INTEGER, fragment TEXT, embedded BLOB NOT NULL, text TEXT NOT NULL
);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE sentences (
    row INTEGER PRIMARY KEY, passage INTEGER NOT NULL REFERENCES passages,
    start INTEGER NOT NULL, end INTEGER NOT NULL, embedded BLOB NOT NULL
);
CREATE INDEX sentences_of_passage ON sentences (passage);
CREATE TABLE withdrawn (
    id TEXT PRIMARY KEY, withdrawn TEXT NOT NULL, former TEXT
) WITHOUT ROWID;
CREATE TABLE moved (old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;
"""

_COLUMNS = "p.id, p.start, p.end, p.section, p.lead_start, p.lead_end, p.fragment, p.text"
_SOURCES = "SELECT slug, metadata ->> 'url', metadata ->> 'sha256' FROM articles"
_ARTICLE, _WITHDRAWN = TypeAdapter(Article), TypeAdapter(WithdrawnPassage)
_JOINED = "FROM passages p JOIN articles a ON a.number = p.article"


class StoreWriter:
    """Fills a new store and its postings, article by article."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / LAYOUT.store, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")
        self._lexical = LexicalWriter(self._connection, folder / LAYOUT.postings, folder / LAYOUT.impacts)
        self._connection.execute("BEGIN")
        self._articles = self._passages = self._sentences = 0
        self._offsets_path, self._offsets = folder / LAYOUT.sentence_offsets, [0]

    def add(self, article: Article, passages: Sequence[Passage]) -> None:
        """Store an article and its passages, in order; raises BuildError when one is not verbatim."""
        known = {name: getattr(article, name) for name in Article.__slots__ if name != "text"}
        metadata = json.dumps(known, ensure_ascii=False, default=date.isoformat)
        self._insert("articles", self._articles, article.slug, metadata, article.text)
        for passage in passages:
            if not passage.stands_in(article):
                raise BuildError(
                    f"{article.slug}.txt: passage {passage.id} is not what stands in the article."
                )
            introduction, text, _ = embedded_passage(article, passage)
            self._insert(
                "passages",
                self._passages,
                passage.id,
                self._articles,
                passage.start,
                passage.end,
                json.dumps(passage.section, ensure_ascii=False),
                *(passage.lead or (None, None)),
                passage.fragment,
                embedded_hash(introduction, text),
                passage.text,
            )
            self._lexical.add(passage.place, passage.text)
            for span in passage.sentences:
                digest = embedded_hash(embedded_sentence(article, span))
                self._insert("sentences", self._sentences, self._passages, *span, digest)
                self._sentences += 1
            self._passages += 1
            self._offsets.append(self._sentences)
        self._articles += 1

    def remember_withdrawn(self, stores: Sequence[Store], now: datetime) -> None:
        """Keep the ids of passages that are gone, and the words of those that a kept generation still holds.

        ``stores`` are those of the generation before this one and, if it is kept, of the one before that;
        what went earlier keeps its id alone, so that its address can say that it is gone. Where an article
        only has another name, its old address and those of its passages lead to the new ones.
        """
        previous, *older = stores
        moved = self._find_renamed(previous)
        former: dict[str, str] = {}
        for (passage_id,) in previous.database.each("SELECT id FROM passages ORDER BY row"):
            if self._holds(passage_id):
                continue
            passage = previous.passage(passage_id)
            article, name = previous.article(passage.article), moved.get(passage.article)
            if name:  # the same words, as often as they stood before these, in the article's new name
                repeats = (n for n in count() if name_passage(article.slug, passage.text, n) == passage_id)
                name = name_passage(name, passage.text, next(repeats))
            if name and self._holds(name):
                moved[passage_id] = name
            else:
                kept = ("title", "publisher", "url", "author")
                former[passage_id] = json.dumps(
                    {
                        "article": article.slug,
                        **{field: getattr(article, field) for field in kept},
                        "section": passage.section,
                        "text": passage.text,
                    },
                    ensure_ascii=False,
                )
        for old, new in previous.database.each("SELECT old, new FROM moved"):
            if new in former:
                former[old] = former[new]
            elif self._holds(moved.get(new, new)):
                moved[old] = moved.get(new, new)
        for passage_id, said in former.items():
            self._insert("withdrawn", passage_id, now.date().isoformat(), said)
        for passage_id, withdrawn, said in previous.database.each("SELECT * FROM withdrawn"):
            if not self._holds(passage_id):
                find = "SELECT 1 FROM passages WHERE id = ?"
                held = any(store.database.all(find, passage_id) for store in older)
                self._insert("withdrawn", passage_id, withdrawn, said if held else None)
        # An old name that stands for another article now leads to that one.
        for old, new in moved.items():
            if not self._holds(old):
                self._insert("moved", old, new)

    def finish(self) -> None:
        """Write everything and close the file.

        The sentences of the passage in row r are the rows from [r] up to [r + 1] of the offsets.
        """
        self._offsets_path.write_bytes(np.array(self._offsets, dtype="<i8").tobytes())
        self._lexical.finish()
        self._connection.execute("COMMIT")
        self.close()

    def close(self) -> None:
        """Close without finishing."""
        self._lexical.close()
        self._connection.close()

    def _find_renamed(self, previous: Store) -> dict[str, str]:
        """Names that are gone, and the new articles with the same address, text, or most of its passages."""
        before, now = previous.database.all(_SOURCES), list(self._connection.execute(_SOURCES))
        known, kept = {slug for slug, *_ in before}, {slug for slug, *_ in now}
        by_source: dict[str, set[str]] = {}
        for slug, *source in now:
            for value in source if slug not in known else ():
                by_source.setdefault(value, set()).add(slug)
        renamed = {}
        for slug, url, digest in before:
            found = by_source.get(digest) or by_source.get(url) or ()
            if slug not in kept and len(found) == 1:
                (renamed[slug],) = found
        lost = known - kept - renamed.keys()
        holders: dict[str, set[str]] = {}
        for slug, text in self._connection.execute(f"SELECT a.slug, p.text {_JOINED}") if lost else ():
            if slug not in known:
                holders.setdefault(text, set()).add(slug)
        for slug in lost if holders else ():
            passages = previous.passages_of(slug)
            held = Counter(name for passage in passages for name in holders.get(passage.text, ()))
            (name, most), *others = held.most_common(2) or [("", 0)]
            if most * 2 > len(passages) and all(count < most for _, count in others):
                renamed[slug] = name
        return renamed

    def _holds(self, name: str) -> bool:
        """Whether there is a passage of this id, or an article of this name."""
        find = "SELECT 1 FROM passages WHERE id = ? UNION SELECT 1 FROM articles WHERE slug = ?"
        return self._connection.execute(find, (name, name)).fetchone() is not None

    def _insert(self, table: str, *values: object) -> None:
        places = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608


class Store:
    """A finished store, read lazily: opening costs the same for a hundred passages and a million."""

    def __init__(self, path: Path, *, cached: int = 4096) -> None:
        self.database = database = Database(path)
        # Caches of functions, not of methods: a store that is no longer used goes at once, without cycles.
        self.passage_at: Callable[[int], Passage] = lru_cache(cached)(partial(_read_passage, database))
        """One passage by its row."""
        self.article: Callable[[str], Article] = lru_cache(64)(partial(_read_article, database))
        """One article; raises NotFound."""
        self.rows_of: Callable[[str], tuple[int, ...]] = lru_cache(64)(partial(_read_rows, database))
        """The rows of an article's passages, ascending; raises NotFound."""

    def articles(self) -> tuple[Article, ...]:
        """Every article, by slug."""
        rows = self.database.all("SELECT metadata, text FROM articles ORDER BY slug")
        return tuple(_load_article(*row) for row in rows)

    def titles(self) -> tuple[str, ...]:
        """Every article's title, without reading the articles."""
        found = self.database.all("SELECT json_extract(metadata, '$.title') FROM articles")
        return tuple(title for (title,) in found)

    def foreign(self) -> frozenset[str]:
        """The articles in another language than most; of as many in each, English counts as most."""
        found = self.database.all("SELECT slug, json_extract(metadata, '$.language') FROM articles")
        languages = {slug: (language or "en").partition("-")[0] for slug, language in found}
        counts = Counter(languages.values())
        usual = max(counts, key=lambda language: (counts[language], language == "en", language), default="en")
        return frozenset(slug for slug, language in languages.items() if language != usual)

    def passage(self, passage_id: str) -> Passage:
        """One passage by its id, old or new; raises NotFound, or Withdrawn for one that was here once."""
        found = self.database.all("SELECT row FROM passages WHERE id = ?", passage_id)
        if found:
            return self.passage_at(found[0][0])
        for (new,) in self.database.all("SELECT new FROM moved WHERE old = ?", passage_id):
            return self.passage(new)
        if self.database.all("SELECT 1 FROM withdrawn WHERE id = ?", passage_id):
            raise Withdrawn("This passage has been withdrawn.")
        raise NotFound("There is no such passage.")

    def passages_of(self, slug: str) -> tuple[Passage, ...]:
        """The passages of an article in the order they stand in it; raises NotFound."""
        return tuple(map(self.passage_at, self.rows_of(slug)))

    def withdrawn_passage(self, passage_id: str) -> WithdrawnPassage:
        """What a withdrawn passage said; raises NotFound, or Withdrawn when its words are gone."""
        found = self.database.all("SELECT withdrawn, former FROM withdrawn WHERE id = ?", passage_id)
        if not found:
            raise NotFound("There is no such passage.")
        withdrawn, former = found[0]
        if former is None:
            raise Withdrawn("This passage has been withdrawn.")
        return _WITHDRAWN.validate_python({**json.loads(former), "id": passage_id, "withdrawn": withdrawn})

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def counts(self) -> dict[str, int]:
        """How many articles, passages and sentences there are."""
        rows = {"articles": "number", "passages": "row", "sentences": "row"}
        # Rows are numbered from 0 on without a gap; SQLite would count them one by one.
        find = "SELECT coalesce(max({1}) + 1, 0) FROM {0}"
        return {table: self.database.all(find.format(table, row))[0][0] for table, row in rows.items()}

    def passage_rows(self) -> Iterator[tuple[Article, Passage]]:
        """Every passage with its article, in the order of the rows, without filling the cache."""
        for number, metadata, text in self.database.each(
            "SELECT number, metadata, text FROM articles ORDER BY number"
        ):
            article = _load_article(metadata, text)
            rows = self.database.all(
                f"SELECT p.row, {_COLUMNS} FROM passages p WHERE article = ? ORDER BY row",  # noqa: S608
                number,
            )
            find = "SELECT passage, start, end FROM sentences WHERE passage BETWEEN ? AND ? ORDER BY row"
            held: dict[int, list[Span]] = {row: [] for row, *_ in rows}
            for row, start, end in self.database.all(find, min(held, default=0), max(held, default=-1)):
                held.get(row, []).append((start, end))
            for row, *found in rows:
                yield article, _make_passage(article.slug, found, held[row])


def _article_number(database: Database, slug: str) -> int:
    found = database.all("SELECT number FROM articles WHERE slug = ?", slug)
    if found:
        return int(found[0][0])
    for (new,) in database.all("SELECT new FROM moved WHERE old = ?", slug):
        return _article_number(database, new)
    raise NotFound("There is no such article.")


def _read_rows(database: Database, slug: str) -> tuple[int, ...]:
    find = "SELECT row FROM passages WHERE article = ? ORDER BY row"
    return tuple(row for (row,) in database.all(find, _article_number(database, slug)))


def _read_article(database: Database, slug: str) -> Article:
    number = _article_number(database, slug)
    return _load_article(*database.all("SELECT metadata, text FROM articles WHERE number = ?", number)[0])


def _read_passage(database: Database, row: int) -> Passage:
    row = int(row)  # of numpy, perhaps, which SQLite does not take
    ((slug, *found),) = database.all(f"SELECT a.slug, {_COLUMNS} {_JOINED} WHERE p.row = ?", row)
    sentences = database.all("SELECT start, end FROM sentences WHERE passage = ? ORDER BY row", row)
    return _make_passage(slug, found, sentences)


def _make_passage(slug: str, found: Sequence[Any], sentences: Sequence[Span]) -> Passage:
    passage_id, start, end, section, lead_start, lead_end, fragment, text = found
    return Passage(
        id=passage_id,
        article=slug,
        start=start,
        end=end,
        text=text,
        section=tuple(json.loads(section)),
        sentences=tuple(sentences),
        lead=None if lead_start is None else (lead_start, lead_end),
        fragment=fragment,
    )


def _load_article(metadata: str, text: str) -> Article:
    return _ARTICLE.validate_python({**json.loads(metadata), "text": text})
