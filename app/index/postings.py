"""Which passages hold a term and what it counts there: worked out at build, mapped, added up at a question.

What a term counts in a passage (its impact) does not hang on the question, so it is stored (impact-ordered
retrieval: Anh & Moffat 2006). A term of many passages has its best ones, its champions, a second time: they
bound what a question costs, however large the corpus is.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from app.index.rows import Rows, Scores, map_values, run_starts

Sums = NDArray[np.float64]
Numbers = NDArray[np.int32]
Places = NDArray[np.int64]
Phrase = tuple[int, ...]

K1, B = 1.2, 0.75
_LEAST_IDF = 1e-6
"""BM25's parameters and what a term counts that half of the passages hold, all as FTS5 chooses them."""

CHAMPIONS = 32_000
"""Passages of one term that a question may look at first."""
ADDED, SHARE = 24_000, 32
"""A question's postings that are added up: so many that count most, or one in so many where that is more."""
_SAMPLED = 16
"""Which count most is judged by one posting in so many."""
COMPARED = 1_000
"""Passages, the best by these sums, in which every term is looked up. Tests say what all this finds."""

_STEP = 2_000_000
"""Terms of running text that are counted at a time while building."""
_END = 0
"""Stands in the spooled text where a column ends; no term has this number."""


@dataclass(frozen=True, slots=True)
class Term:
    """Where a term's postings lie: of each passage that holds it row and impact, rows ascending."""

    documents: int
    start: int
    champions: int
    """How many the best are; all of them where there are few enough, and then ``best`` is ``start``."""
    best: int
    """Where the best lie, rows ascending too."""


class Postings:
    """Stored postings, mapped; of those of a question's terms alone anything is read."""

    def __init__(self, rows: Path, impacts: Path) -> None:
        self.rows: Numbers = map_values(rows, "<i4")
        self.impacts: Scores = map_values(impacts, "<f4")

    def search(self, terms: Sequence[Term], k: int, *, exact: bool = False) -> tuple[Rows, Scores]:
        """Rows and BM25 of the ``k`` best passages, of equal ones the first: int64[n] and float32[n].

        Exact where all the terms' postings are among their champions, and together no more than ADDED.
        Otherwise the postings that count most propose passages; the scores of those found are exact. With
        ``exact`` all postings are added up, which takes as long as there are many: for measuring.
        """
        if not terms:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if exact:
            parts = [slice(term.start, term.start + term.documents) for term in terms]
        else:
            parts = [slice(term.best, term.best + term.champions) for term in terms]
        rows = np.concatenate([self.rows[part] for part in parts])
        impacts = np.concatenate([self.impacts[part] for part in parts])
        documents = sum(term.documents for term in terms)
        added = len(rows) if exact else max(ADDED, documents // SHARE)
        if len(rows) > added:
            # Sorting the rows is what costs; a sample tells which impacts are too small to be worth it.
            least = np.partition(impacts[::_SAMPLED], -added // _SAMPLED)[-added // _SAMPLED]
            kept = np.flatnonzero(impacts >= least)
            rows, impacts = rows[kept], impacts[kept]
        order = rows.argsort(kind="stable")
        rows, looked_at = rows[order], len(rows)
        firsts = run_starts(rows)
        rows, scores = rows[firsts], np.add.reduceat(impacts[order], firsts, dtype=np.float64)
        if documents > looked_at:  # the sums lack the postings that were left out: add them for the best
            rows = np.sort(rows[_choose_best(scores, max(k, COMPARED))])
            looked_up = [self._look_up(term, rows) for term in terms]
            scores = np.stack(looked_up).sum(axis=0, dtype=np.float64)
        given = scores.astype(np.float32)
        best = _choose_best(given, k)
        return rows[best].astype(np.int64), given[best]

    def hold(self, terms: Sequence[Term], rows: Rows) -> NDArray[np.bool_]:
        """Whether each of these passages holds any of the terms: bool[len(rows)]."""
        narrow = rows.astype(np.int32)
        found = np.zeros(len(rows), dtype=np.bool_)
        for term in terms:
            found |= self._look_up(term, narrow) > 0
        return found

    def cut(self, terms: Sequence[Term], passages: slice, paths: tuple[Path, Path]) -> Places:
        """Write the postings of some passages alone, renumbered from 0, with the impacts of the whole.

        ``terms`` are all, in the order of their postings. Gives int64[n, 5]: for each term that
        these passages hold, where its postings begin in the whole, and its Term here.
        """
        documents = np.array([term.documents for term in terms], dtype=np.int64)
        kept, counts = [], np.zeros(len(terms), dtype=np.int64)
        ends = np.cumsum(documents)
        first = 0
        while first < len(terms):  # so many postings at a time as fit in memory
            begin = int(ends[first] - documents[first])
            last = max(first + 1, int(ends.searchsorted(begin + _STEP, side="right")))
            rows = self.rows[begin : int(ends[last - 1])]
            places = np.flatnonzero((rows >= passages.start) & (rows < passages.stop))
            numbers = ends[first:last].searchsorted(begin + places, side="right")
            counts[first:last] += np.bincount(numbers, minlength=last - first)
            kept.append((rows[places] - passages.start, self.impacts[begin + places]))
            first = last
        own = _lay_out(counts)
        rows, impacts = (np.concatenate(part) for part in zip(*kept, strict=True))
        _write_postings(paths, own, rows, impacts)
        table = np.array([(t.start, *astuple(o)) for t, o in zip(terms, own, strict=True)], dtype="<i8")
        return table[counts > 0]

    def _look_up(self, term: Term, rows: Numbers) -> Scores:
        """What the term counts in each of these passages, 0 where it is not: float32[len(rows)].

        ``rows`` must be int32: for another width all of the term's postings would be converted to it.
        """
        held = self.rows[term.start : term.start + term.documents]
        places = np.minimum(held.searchsorted(rows), term.documents - 1)
        return np.where(held[places] == rows, self.impacts[term.start + places], np.float32(0))


def _choose_best(scores: Sums | Scores, k: int) -> Places:
    """The places of the ``k`` highest scores, best first; of equal ones the first."""
    if len(scores) <= k:
        return np.argsort(-scores, kind="stable")
    good = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return good[np.argsort(-scores[good], kind="stable")[:k]]


class PostingsWriter:
    """Takes the terms of passage after passage, numbered from 1 on; running text waits in a file."""

    def __init__(self, rows: Path, impacts: Path) -> None:
        self._paths = (rows, impacts)
        self._text: IO[bytes] = TemporaryFile(dir=rows.parent)  # noqa: SIM115 - `close` does
        self._counted: IO[bytes] = TemporaryFile(dir=rows.parent)  # noqa: SIM115
        self._chunks: list[int] = []
        """How many counts each chunk of text gave."""
        self._spooled, self._lengths = array("q"), array("i")
        """Of each passage: its numbers in the file, and its terms."""

    def add(self, columns: Sequence[Sequence[int]]) -> None:
        """The next passage: its terms in the order in which they stand, column by column."""
        text = array("i")
        for column in columns:
            text.extend(column)
            text.append(_END)
        self._text.write(text)
        self._spooled.append(len(text))
        self._lengths.append(len(text) - len(columns))

    def finish(self, order: Places, phrases: Mapping[Phrase, int], weights: Sums) -> list[Term]:
        """Write the postings, term after term in this ``order``, and tell where each one's lie.

        ``phrases`` are terms that stand where several others stand in a row: they count for BM25, but not as
        part of a passage's length. ``weights`` are what an occurrence of each term counts, by number.
        """
        documents = self._count(phrases, len(weights))
        terms = _lay_out(documents[order])
        size = int(documents.sum())
        rows, impacts = np.empty(size, dtype="<i4"), np.empty(size, dtype="<f4")
        cursor = np.zeros(len(weights), dtype=np.int64)  # where each term's next posting goes
        cursor[order] = [term.start for term in terms]
        # What a term counts by how few passages hold it (Robertson & Zaragoza 2009).
        count = len(self._lengths)
        idf = np.maximum(np.log((count - documents + 0.5) / (documents + 0.5)), _LEAST_IDF)
        lengths = np.array(self._lengths, dtype=np.float64)
        normalised = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if count else lengths
        self._counted.seek(0)
        for chunk in self._chunks:
            keys = np.frombuffer(self._counted.read(8 * chunk), dtype=np.int64)
            counts = np.frombuffer(self._counted.read(4 * chunk), dtype=np.int32)
            numbers, passages = keys >> 32, keys & 0xFFFFFFFF
            firsts = run_starts(numbers)
            sizes = np.diff(firsts, append=len(numbers))
            places = np.arange(len(numbers)) + np.repeat(cursor[numbers[firsts]] - firsts, sizes)
            frequencies = counts * weights[numbers]
            rows[places] = passages
            impacts[places] = idf[numbers] * frequencies * (K1 + 1) / (frequencies + normalised[passages])
            cursor[numbers[firsts]] += sizes
        _write_postings(self._paths, terms, rows, impacts)
        return terms

    def close(self) -> None:
        """Let go of the files in between."""
        self._text.close()
        self._counted.close()

    def _count(self, phrases: Mapping[Phrase, int], terms: int) -> Places:
        """How many passages hold each term: int64[terms]; how often each of them does goes into a file."""
        documents = np.zeros(terms, dtype=np.int64)
        lengths: dict[int, set[int]] = defaultdict(set)
        for phrase in phrases:
            lengths[phrase[0]].add(len(phrase))
        for numbers, rows in self._read_text():
            found: list[tuple[int, int]] = []
            for place in np.flatnonzero(np.isin(numbers, list(lengths))).tolist():
                for length in lengths[int(numbers[place])]:
                    term = phrases.get(tuple(numbers[place : place + length].tolist()))
                    found += [(place, term)] if term is not None else []
            places = [place for place, _ in found]
            occurring = np.concatenate([numbers, np.array([term for _, term in found], dtype=np.int32)])
            # Term and row in one number: sorted, equal ones stand together and terms ascend.
            keys = occurring.astype(np.int64) << 32 | np.concatenate([rows, rows[places]])
            keys = np.sort(keys[occurring != _END])
            firsts = run_starts(keys)
            counts = np.diff(firsts, append=len(keys)).astype(np.int32)
            keys = keys[firsts]
            documents += np.bincount(keys >> 32, minlength=terms)
            self._counted.write(keys.data)
            self._counted.write(counts.data)
            self._chunks.append(len(keys))
        return documents

    def _read_text(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Terms and the rows of their passages, whole passages at a time."""
        self._text.seek(0)
        spooled = np.array(self._spooled, dtype=np.int64)
        ends = np.cumsum(spooled)
        row = 0
        while row < len(ends):
            stop = max(row + 1, int(ends.searchsorted(ends[row] - spooled[row] + _STEP, side="right")))
            sizes = spooled[row:stop]
            numbers = np.frombuffer(self._text.read(4 * int(sizes.sum())), dtype=np.int32)
            yield numbers, np.repeat(np.arange(row, stop, dtype=np.int32), sizes)
            row = stop


def _write_postings(paths: tuple[Path, Path], terms: Sequence[Term], rows: Numbers, impacts: Scores) -> None:
    """Write them, and behind them the best of each large term once more, of equal ones the first."""
    for path, values, kind in zip(paths, (rows, impacts), ("<i4", "<f4"), strict=True):
        with path.open("wb") as file:
            file.write(values.astype(kind, copy=False).data)
            for term in terms:
                if term.best != term.start:
                    whole = slice(term.start, term.start + term.documents)
                    places = np.sort(np.argsort(-impacts[whole], kind="stable")[: term.champions])
                    file.write(values[whole][places].astype(kind, copy=False).data)


def _lay_out(documents: Places) -> list[Term]:
    """Where the postings of each of these terms lie, and behind them all the best of the large ones."""
    starts = np.cumsum(documents) - documents
    copied = np.where(documents > CHAMPIONS, CHAMPIONS, 0)
    bests = np.where(copied, documents.sum() + np.cumsum(copied) - copied, starts)
    chosen = np.minimum(documents, CHAMPIONS)
    return [Term(*place) for place in np.stack([documents, starts, chosen, bests], axis=1).tolist()]
