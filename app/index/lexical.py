"""Words: BM25 (Robertson & Zaragoza 2009) over heading and text, and what words there are.

Terms are what SQLite's FTS5 makes of a text, and they count what its bm25() would count; but FTS5 would look
at each of a word's passages at every question, and works out its impacts anew (see postings.py).
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.index.database import Database
from app.index.postings import PostingsWriter, Term

TOKENIZER = "porter unicode61"
_SCHEMA = """
CREATE TABLE families (stem TEXT, family INTEGER, PRIMARY KEY (stem, family)) WITHOUT ROWID;
CREATE TABLE terms (
    term TEXT PRIMARY KEY, documents INTEGER NOT NULL, start INTEGER NOT NULL, champions INTEGER NOT NULL,
    best INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, occurrences INTEGER NOT NULL) WITHOUT ROWID;
"""

_SYNONYMS_FILE = Path(__file__).with_name("families.toml")
_SENSES_FILE = Path(__file__).with_name("senses.toml")
_VOCABULARY = 20_000
"""Words of the corpus, the most frequent, that are kept ready to be looked up and to mend others by."""
_BUILD_WORDS = 200_000
"""Words whose stems are kept ready while building."""
FAMILY_WEIGHT = 0.5
"""What another word of the family counts beside the word itself."""

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
_PIECE = re.compile(r"[^\0-/:-@\[-`{-\x7f]+")
"""What stands between ASCII characters that are neither letter nor digit: no term reaches over these."""
_POSSESSIVE = re.compile(r"['’]s$")


def split_words(text: str) -> list[str]:
    """The words of a text in lower case, in order, possessives without their 's; numbers are words."""
    return [_clean(word) for word in _WORD.findall(text.lower())]


def _clean(written: str) -> str:
    return _POSSESSIVE.sub("", written).replace("’", "'")


def list_content_words(text: str) -> list[str]:
    """The different words of a text that carry content, in order."""
    return list(dict.fromkeys(word for word in split_words(text) if word not in STOP_WORDS))


class Synonyms:
    """Words that parents and articles use for the same thing, each family a term of its own in the index.

    The families travel with the generation, so that questions always meet the ones they were indexed with.
    Words are told apart by FTS5's own stems, but for those that it would throw together (_SENSES_FILE).
    """

    def __init__(self, *, kept: int = 0) -> None:
        """Words whose stems are ``kept`` ready: none while serving, where words are somebody's question."""
        self._numbers: dict[str, list[int]] = {}
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        connection.executescript(
            f"CREATE VIRTUAL TABLE asked USING fts5(word, content='', tokenize='{TOKENIZER}');"
            "CREATE VIRTUAL TABLE stem USING fts5vocab(asked, instance);"
        )
        lock = threading.Lock()
        senses = {
            form: (f"={sense}",)  # no stem holds this sign
            for sense, forms in tomllib.loads(_SENSES_FILE.read_text("utf-8")).items()
            for form in forms.split()
        }

        @lru_cache(maxsize=kept)
        def stem(word: str) -> tuple[str, ...]:
            """The terms that the word is indexed under, in order; several for "don't"."""
            if sense := senses.get(word.lower()):
                return sense
            with lock:
                connection.execute("INSERT INTO asked(rowid, word) VALUES (1, ?)", (word,))
                stems = tuple(
                    term for (term,) in connection.execute('SELECT term FROM stem ORDER BY "offset"')
                )
                connection.execute("INSERT INTO asked(asked) VALUES ('delete-all')")
            return stems

        self.stem = stem

    @classmethod
    def read(cls) -> Synonyms:
        """From the reviewed list, to build by."""
        synonyms = cls(kept=_BUILD_WORDS)
        families = tomllib.loads(_SYNONYMS_FILE.read_text("utf-8")).values()
        for number, family in enumerate(families):
            for stem in {stem for word in family["words"].split() for stem in synonyms.stem(word)}:
                synonyms._numbers.setdefault(stem, []).append(number)
        return synonyms

    @classmethod
    def load(cls, database: Database) -> Synonyms:
        """From a generation."""
        synonyms = cls()
        for stem, number in database.each("SELECT stem, family FROM families ORDER BY stem, family"):
            synonyms._numbers.setdefault(stem, []).append(number)
        return synonyms

    def store(self, connection: sqlite3.Connection) -> None:
        """Into a generation."""
        rows = [(stem, number) for stem, numbers in self._numbers.items() for number in numbers]
        connection.executemany("INSERT INTO families VALUES (?, ?)", sorted(rows))

    def families_of(self, stems: Iterable[str]) -> list[str]:
        """The terms of the families that a word with these stems belongs to; no stem holds their sign."""
        return [f"#{n}" for stem in dict.fromkeys(stems) for n in self._numbers.get(stem, ())]


class LexicalWriter:
    """Fills the words of a new generation, passage by passage."""

    def __init__(self, connection: sqlite3.Connection, rows: Path, impacts: Path) -> None:
        self._connection = connection
        connection.executescript(_SCHEMA)
        self._postings = PostingsWriter(rows, impacts)
        self._synonyms = Synonyms.read()
        self._numbers: dict[str, int] = {}
        self._written: Counter[str] = Counter()
        """How often each word occurs, as `_WORD` finds it."""

        @lru_cache(maxsize=_BUILD_WORDS)
        def find_families(written: str) -> list[int]:
            stems = self._synonyms.stem(_clean(written))
            return list(map(self._number, self._synonyms.families_of(stems)))

        self._families_of_word = find_families

    def add(self, heading: str, body: str) -> None:
        """The next passage."""
        words = _WORD.findall(f"{heading}\n{body}".lower())
        self._written.update(words)
        families = [number for word in words for number in self._families_of_word(word)]
        self._postings.add((self._read(heading), self._read(body), families))

    def finish(self) -> None:
        """Write the terms, postings, words and families, once all passages are in."""
        words: Counter[str] = Counter()
        for written, count in self._written.items():
            words[_clean(written)] += count
        # Words that are written as several terms: each is a term as a whole besides.
        stems = {self._synonyms.stem(word) for word in words if not word.isalnum()}
        several = sorted(names for names in stems if len(names) > 1)
        phrases = {tuple(map(self._number, names)): self._number(" ".join(names)) for names in several}
        names = sorted(self._numbers)
        order = np.array([self._numbers[name] for name in names], dtype=np.int64)
        weights = np.ones(len(self._numbers) + 1)
        weights[[number for name, number in self._numbers.items() if name.startswith("#")]] = FAMILY_WEIGHT
        terms = self._postings.finish(order, phrases, weights)
        rows = ((n, *astuple(term)) for n, term in zip(names, terms, strict=True) if term.documents)
        self._connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, ?)", rows)
        self._connection.executemany("INSERT INTO words VALUES (?, ?)", sorted(words.items()))
        self._synonyms.store(self._connection)

    def close(self) -> None:
        """Close without finishing."""
        self._postings.close()

    def _read(self, text: str) -> list[int]:
        return [self._number(stem) for piece in _PIECE.findall(text) for stem in self._synonyms.stem(piece)]

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers) + 1)


@dataclass(frozen=True, slots=True)
class Word:
    """What the corpus has of a word."""

    stem: tuple[str, ...]
    """The terms that it is indexed under, the same for all its forms; several for "don't"."""
    documents: int
    """How many passages hold it in any of its forms; of several stems, the rarest counts."""
    terms: tuple[Term, ...]
    """Its own term and its families'; those that the corpus has."""
    weight: float
    """Its inverse document frequency, highest for one that the corpus does not know."""

    @property
    def familiar(self) -> bool:
        """Whether the corpus holds it or another of its family."""
        return self.documents > 0 or bool(self.terms)


class LexicalIndex:
    """The words of the corpus and the terms that passages are found by."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._synonyms = Synonyms.load(database)
        self._passages = int(database.all("SELECT coalesce(max(row) + 1, 0) FROM passages")[0][0])
        find = "SELECT word FROM words ORDER BY occurrences DESC, word DESC LIMIT ?"
        self.vocabulary: tuple[str, ...] = tuple(word for (word,) in database.all(find, _VOCABULARY))
        """The corpus's most frequent words as they are written, in lower case, the most frequent first."""
        self._kept: dict[str, Word | None] = dict.fromkeys(self.vocabulary)
        self._passing: dict[str, Word] = {}

    def terms_of(self, words: Sequence[str]) -> tuple[Term, ...]:
        """The terms that these words are looked for by; stop words are dropped.

        A word that is written as several terms ("38.5") is looked for as a whole.
        """
        return tuple(term for word in words if word not in STOP_WORDS for term in self.look_up(word).terms)

    def look_up(self, word: str) -> Word:
        """What the corpus has of a word: its own words are read once, others once until ``forget``."""
        found = self._kept.get(word) or self._passing.get(word)
        if found is None:
            found = self._read(word)
            # A word that is not the corpus's is its asker's: it does not outlive the question.
            (self._kept if word in self._kept else self._passing)[word] = found
        return found

    def forget(self) -> None:
        """Let go of what a question held besides the corpus's own words."""
        self._passing.clear()

    def _read(self, word: str) -> Word:
        stem = self._synonyms.stem(word)
        own = [self._read_term(term) for term in stem]
        whole = own[0] if len(own) == 1 else self._read_term(" ".join(stem))
        families = map(self._read_term, self._synonyms.families_of(stem))
        documents = min((term.documents if term else 0 for term in own), default=0)
        weight = math.log1p((self._passages - documents + 0.5) / (documents + 0.5))
        return Word(stem, documents, tuple(filter(None, (whole, *families))), weight)

    def _read_term(self, name: str) -> Term | None:
        found = self._database.all("SELECT documents, start, champions, best FROM terms WHERE term = ?", name)
        return Term(*found[0]) if found else None
