"""Words in SQLite FTS5: BM25 (Robertson & Zaragoza 2009) over heading and text, and what words there are."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.index.database import Database

SCHEMA = """
CREATE VIRTUAL TABLE lexicon USING fts5(heading, body, families, content='', tokenize='porter unicode61');
CREATE TABLE families (stem TEXT, family INTEGER, PRIMARY KEY (stem, family)) WITHOUT ROWID;
CREATE TABLE terms (term TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, occurrences INTEGER NOT NULL) WITHOUT ROWID;
"""

FAMILIES_FILE = Path(__file__).with_name("families.toml")
CACHED_WORDS = 4096
"""Words whose stems and counts are kept ready; what they were asked for together is not."""
MAX_POSTINGS = 2_000
"""Passages that one question's words may be looked up in: BM25 looks at each of them, for each word."""
FAMILY_WEIGHT = 0.5
"""What another word of the family counts beside the word itself."""

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

# Words of a question that say nothing about what it asks.
STOP_WORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being below between "
    "both but by can could did do does doing don down during each few for from further had has have having "
    "he her here hers him his how i if in into is it its just let me more most my no nor not now of off on "
    "once only or other our out over own she should so some such than that the their them then there these "
    "they this those through to too under until up us very was we were what when where which while who whom "
    "why will with would you your yours i'm i've isn't doesn't don't can't".split()
)

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s$")


def find_words(text: str) -> list[str]:
    """The words of a text in lower case, in order, possessives without their 's; numbers are words."""
    return [_POSSESSIVE.sub("", word).replace("’", "'") for word in _WORD.findall(text.lower())]


def find_content_words(text: str) -> list[str]:
    """The different words of a text that carry content, in order."""
    return list(dict.fromkeys(word for word in find_words(text) if word not in STOP_WORDS))


class Families:
    """Words that parents and articles use for the same thing, each family a term of its own in the index.

    The families travel with the generation, so that questions always meet the ones they were indexed with.
    """

    def __init__(self, numbers: Mapping[str, Sequence[int]], stemmer: Stemmer) -> None:
        self._numbers = numbers
        self.stem = stemmer.find

    @classmethod
    def read(cls, path: Path = FAMILIES_FILE) -> Families:
        """From the reviewed list."""
        stemmer = Stemmer()
        numbers: dict[str, list[int]] = {}
        for number, family in enumerate(tomllib.loads(path.read_text("utf-8")).values()):
            stems = {stem for word in family["words"].split() for stem in stemmer.find(word)}
            for stem in stems:
                numbers.setdefault(stem, []).append(number)
        return cls(numbers, stemmer)

    @classmethod
    def load(cls, database: Database) -> Families:
        """From a generation."""
        numbers: dict[str, list[int]] = {}
        for stem, number in database.each("SELECT stem, family FROM families ORDER BY stem, family"):
            numbers.setdefault(stem, []).append(number)
        return cls(numbers, Stemmer())

    def store(self, connection: sqlite3.Connection) -> None:
        """Into a generation."""
        rows = [(stem, number) for stem, numbers in self._numbers.items() for number in numbers]
        connection.executemany("INSERT INTO families VALUES (?, ?)", sorted(rows))

    def of(self, word: str) -> tuple[int, ...]:
        """The numbers of the families that the word belongs to."""
        return tuple(n for stem in self.stem(word) for n in self._numbers.get(stem, ()))

    def terms_of(self, text: str) -> str:
        """The families of a text's words, as terms for the index."""
        return " ".join(_family_term(number) for word in find_words(text) for number in self.of(word))


def _family_term(number: int) -> str:
    # Letters and a final consonant that the stemmer leaves alone.
    return f"zzfamily{number}zz"


def add_text(connection: sqlite3.Connection, row: int, heading: str, body: str, families: Families) -> None:
    """Index one passage under its row."""
    connection.execute(
        "INSERT INTO lexicon(rowid, heading, body, families) VALUES (?, ?, ?, ?)",
        (row, heading, body, families.terms_of(f"{heading}\n{body}")),
    )


def finish(connection: sqlite3.Connection, words: Iterable[tuple[str, int]], families: Families) -> None:
    """Count the terms and store the words and families, once all passages are in."""
    connection.execute("INSERT INTO lexicon(lexicon) VALUES ('optimize')")
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, lexicon, row)")
    connection.execute("INSERT INTO terms SELECT term, doc FROM temp.vocabulary ORDER BY term")
    connection.execute("DROP TABLE temp.vocabulary")
    connection.executemany("INSERT INTO words VALUES (?, ?)", words)
    families.store(connection)


class LexicalIndex:
    """Finds passages by their words and by other words of the same families."""

    def __init__(self, database: Database, *, max_postings: int = MAX_POSTINGS) -> None:
        self._database = database
        self._max_postings = max_postings
        self._families = Families.load(database)
        self._passages = int(database.all("SELECT count(*) FROM passages")[0][0])
        self._count = lru_cache(maxsize=CACHED_WORDS)(partial(_count_passages, database))

    def search(self, words: Sequence[str], k: int) -> tuple[Rows, Scores]:
        """Rows and BM25 (positive, higher is better) of the ``k`` best passages that hold any of the words.

        Stop words are dropped, and in a large corpus the commonest of the others; every word is quoted, so
        that nothing is read as FTS5 syntax.
        """
        content = [word for word in words if word not in STOP_WORDS]
        wanted = [self._query(word) for word in self._keep_informative(content)]
        if not wanted:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        found = self._database.all(
            f"SELECT rowid, -bm25(lexicon, 1, 1, {FAMILY_WEIGHT}) AS score FROM lexicon "  # noqa: S608
            "WHERE lexicon MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            " OR ".join(wanted),
            k,
        )
        return (
            np.array([row for row, _ in found], dtype=np.int64),
            np.array([score for _, score in found], dtype=np.float32),
        )

    def _keep_informative(self, words: Sequence[str]) -> Sequence[str]:
        """The rarest of the words, as many as ``max_postings`` postings have room for."""
        postings = {word: self._count_postings(word) for word in words}
        if sum(postings.values()) <= self._max_postings:
            return words
        rarest = sorted(postings, key=postings.__getitem__)
        totals = accumulate(postings[word] for word in rarest)
        return [word for word, total in zip(rarest, totals, strict=True) if total <= self._max_postings]

    def _count_postings(self, word: str) -> int:
        families = sum(self._count(_family_term(number)) for number in self._families.of(word))
        return self.document_frequency(word) + families

    def holds(self, row: int, word: str) -> bool:
        """Whether a passage holds the word, in any of its forms, or another of its family."""
        find = "SELECT 1 FROM lexicon WHERE rowid = ? AND lexicon MATCH ?"
        return bool(self._database.all(find, row, self._query(word)))

    def known(self, word: str) -> bool:
        """Whether the corpus holds the word in any of its forms."""
        return self.document_frequency(word) > 0

    def stem(self, word: str) -> tuple[str, ...]:
        """The terms that the word is indexed under, the same for all its forms; several for "don't"."""
        return self._families.stem(word)

    def familiar(self, word: str) -> bool:
        """Whether the corpus holds the word or another of its family."""
        return self.known(word) or any(map(self._count, map(_family_term, self._families.of(word))))

    def document_frequency(self, word: str) -> int:
        """How many passages hold the word in any of its forms; of several stems, the rarest counts."""
        return min(map(self._count, self._families.stem(word)), default=0)

    def weigh(self, word: str) -> float:
        """The word's inverse document frequency, highest for one that the corpus does not know."""
        documents = self.document_frequency(word)
        return math.log1p((self._passages - documents + 0.5) / (documents + 0.5))

    def words(self) -> dict[str, int]:
        """Every word of the corpus as it is written, in lower case, and how often it occurs."""
        return dict(self._database.each("SELECT word, occurrences FROM words"))

    def _query(self, word: str) -> str:
        others = [f"families : {_family_term(number)}" for number in self._families.of(word)]
        return " OR ".join((f"{{heading body}} : {quote(word)}", *others))


class Stemmer:
    """FTS5's own stems, so that a count is of the very terms that a search matches."""

    def __init__(self) -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        connection.executescript(
            "CREATE VIRTUAL TABLE asked USING fts5(word, content='', tokenize='porter unicode61');"
            "CREATE VIRTUAL TABLE stem USING fts5vocab(asked, row);"
        )
        self._find = lru_cache(maxsize=CACHED_WORDS)(partial(_find_stems, connection, threading.Lock()))

    def find(self, word: str) -> tuple[str, ...]:
        """The terms that the word is indexed under; several for "don't"."""
        return self._find(word)


def _find_stems(connection: sqlite3.Connection, lock: threading.Lock, word: str) -> tuple[str, ...]:
    with lock:
        connection.execute("INSERT INTO asked(rowid, word) VALUES (1, ?)", (word,))
        stems = tuple(term for (term,) in connection.execute("SELECT term FROM stem"))
        connection.execute("INSERT INTO asked(asked) VALUES ('delete-all')")
    return stems


def _count_passages(database: Database, term: str) -> int:
    found = database.all("SELECT documents FROM terms WHERE term = ?", term)
    return int(found[0][0]) if found else 0


def quote(word: str) -> str:
    """The word as an FTS5 string."""
    return '"' + word.replace('"', '""') + '"'
