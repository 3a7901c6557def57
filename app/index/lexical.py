"""Words in SQLite FTS5: BM25 (Robertson & Zaragoza 2009) over heading and text, and what words there are."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache

from app.index.database import Database

SCHEMA = """
CREATE VIRTUAL TABLE lexicon USING fts5(heading, body, content='', tokenize='porter unicode61');
CREATE TABLE terms (term TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, occurrences INTEGER NOT NULL) WITHOUT ROWID;
"""

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


def add_text(connection: sqlite3.Connection, row: int, heading: str, body: str) -> None:
    """Index one passage under its row."""
    connection.execute("INSERT INTO lexicon(rowid, heading, body) VALUES (?, ?, ?)", (row, heading, body))


def finish(connection: sqlite3.Connection, words: Iterable[tuple[str, int]]) -> None:
    """Count the terms and store the words, once all passages are in."""
    connection.execute("INSERT INTO lexicon(lexicon) VALUES ('optimize')")
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, lexicon, row)")
    connection.execute("INSERT INTO terms SELECT term, doc FROM temp.vocabulary ORDER BY term")
    connection.execute("DROP TABLE temp.vocabulary")
    connection.executemany("INSERT INTO words VALUES (?, ?)", words)


class LexicalIndex:
    """Finds passages by their words."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stems = lru_cache(maxsize=4096)(Stemmer().find)

    def search(
        self, words: Sequence[str], k: int, *, heading_weight: float = 1.0, body_weight: float = 1.0
    ) -> list[tuple[int, float]]:
        """Rows and BM25 (positive, higher is better) of the ``k`` best passages that hold any of the words.

        Stop words are dropped; every other word is quoted, so that nothing is read as FTS5 syntax.
        """
        wanted = [quote(word) for word in words if word not in STOP_WORDS]
        if not wanted:
            return []
        rows = self._database.all(
            "SELECT rowid, -bm25(lexicon, ?, ?) AS score FROM lexicon WHERE lexicon MATCH ? "
            "ORDER BY score DESC, rowid LIMIT ?",
            heading_weight,
            body_weight,
            " OR ".join(wanted),
            k,
        )
        return [(int(row), float(score)) for row, score in rows]

    def known(self, word: str) -> bool:
        """Whether the corpus holds the word in any of its forms."""
        return self.document_frequency(word) > 0

    def document_frequency(self, word: str) -> int:
        """How many passages hold the word in any of its forms; of several stems, the rarest counts."""
        find = "SELECT documents FROM terms WHERE term = ?"
        found = [self._database.all(find, stem) for stem in self._stems(word)]
        return min((int(rows[0][0]) if rows else 0 for rows in found), default=0)

    def words(self) -> dict[str, int]:
        """Every word of the corpus as it is written, in lower case, and how often it occurs."""
        return dict(self._database.each("SELECT word, occurrences FROM words"))


class Stemmer:
    """FTS5's own stems, so that a count is of the very terms that a search matches."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._connection.executescript(
            "CREATE VIRTUAL TABLE asked USING fts5(word, content='', tokenize='porter unicode61');"
            "CREATE VIRTUAL TABLE stem USING fts5vocab(asked, row);"
        )
        self._lock = threading.Lock()

    def find(self, word: str) -> tuple[str, ...]:
        """The terms that the word is indexed under; several for "don't"."""
        with self._lock:
            self._connection.execute("INSERT INTO asked(rowid, word) VALUES (1, ?)", (word,))
            stems = tuple(term for (term,) in self._connection.execute("SELECT term FROM stem"))
            self._connection.execute("INSERT INTO asked(asked) VALUES ('delete-all')")
        return stems


def quote(word: str) -> str:
    """The word as an FTS5 string."""
    return '"' + word.replace('"', '""') + '"'
