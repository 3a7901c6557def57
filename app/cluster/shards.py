"""Shards: some passages of a whole generation each, cut out, asked alone and asked as one index.

Everything that a score hangs on (document frequencies, lengths, weights, directions) was worked out for the
whole, and a shard only holds a part of its rows: a passage scores the same wherever it lies. A shard has
neither the articles' words nor a list of terms; texts and proof stay with the whole's store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.disk import flush_folder
from app.errors import BuildError, NoGeneration
from app.index.generation import LAYOUT, POSTINGS_TERMS, Generation, Manifest, name_shard, seal_file
from app.index.opened import Index
from app.index.postings import Term
from app.index.retriever import PROPOSED, Asked, Candidates, Compared, Found, LocalRetriever
from app.index.rows import Rows, Scores
from app.index.vectors import VectorIndex

Call = Literal["propose", "propose_inside", "compare", "cosines"]
"""A method of `Shard`."""
Carrier = Callable[[Call, Mapping[int, tuple[Any, ...]]], dict[int, Any]]
"""Brings a call to the shards of these numbers, all at once, each with its arguments after the generation.

All of them answer, or it raises GenerationError: a question is never answered from a part in silence.
"""

STEP = 50_000
"""Vectors in memory at a time."""
PIECE = 1 << 24
"""Bytes that are copied at a time."""


class Shard:
    """One shard, opened; its rows are those of the whole."""

    def __init__(self, generation: Generation, number: int) -> None:
        """Raises DamagedGeneration, naming the file; NoGeneration where there is no such shard."""
        if not 0 <= number < len(generation.manifest.shards) - 1:
            raise NoGeneration(f"{generation.name} has no shard {number}.")
        self._generation = generation
        self._start = generation.manifest.shards[number]
        terms = generation.read(name_shard(number, POSTINGS_TERMS))
        self._terms = np.frombuffer(terms, dtype="<i8").reshape(-1, 5)
        self._local = LocalRetriever.open(generation, number)

    def propose(self, generation: str, asked: Asked) -> tuple[list[Found], Candidates]:
        """This shard's best by passages, by sentences and by words, and all of them as candidates."""
        here, local = self._restate(generation, asked), self._local
        words = local.postings.search(here.searched, PROPOSED)
        best = [local.passages.search(here.vector, PROPOSED), local.search_sentences(here.vector), words]
        candidates = local.score(here, np.unique(np.concatenate([rows for rows, _ in best])), words)
        return [(rows + self._start, scores) for rows, scores in best], self._place(candidates)

    def propose_inside(self, generation: str, asked: Asked, rows: Rows) -> Candidates:
        """These passages, of one article, all of them."""
        here = self._restate(generation, asked)
        return self._place(self._local.propose(here, rows - self._start))

    def compare(self, generation: str, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""
        return self._local.compare(self._restate(generation, asked), rows - self._start)

    def cosines(self, generation: str, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""
        self._require(generation)
        return self._local.cosines(vector, rows - self._start)

    def _require(self, generation: str) -> None:
        """No answer is made of two generations."""
        if generation != self._generation.name:
            raise NoGeneration(f"This shard is of {self._generation.name}, not of {generation}.")

    def _restate(self, generation: str, asked: Asked) -> Asked:
        """The question with this shard's terms in the place of the whole's."""
        self._require(generation)
        return replace(
            asked, searched=self._translate(asked.searched), words=tuple(map(self._translate, asked.words))
        )

    def _translate(self, terms: Sequence[Term]) -> tuple[Term, ...]:
        """The terms of the whole, known by where their postings begin there, as they lie here, if they do."""
        starts = [term.start for term in terms]
        places = self._terms[:, 0].searchsorted(starts)
        found = (
            self._terms[place]
            for place, start in zip(places, starts, strict=True)
            if place < len(self._terms) and self._terms[place, 0] == start
        )
        return tuple(Term(*row[1:].tolist()) for row in found)

    def _place(self, candidates: Candidates) -> Candidates:
        return replace(candidates, rows=candidates.rows + self._start)


class ShardedRetriever:
    """A `Retriever` over the shards of one generation."""

    def __init__(self, bounds: Sequence[int], carry: Carrier) -> None:
        """``bounds`` are each shard's first row and, last, the number of rows."""
        self._bounds = np.array(bounds, dtype=np.int64)
        self._carry = carry

    def propose(self, asked: Asked, inside: Rows | None = None) -> Candidates:
        """The candidates; of one article its passages, all of them, whose rows are ``inside``."""
        if inside is not None:
            parts = self._ask("propose_inside", inside, asked)
            return _join([parts[number] for number in sorted(parts)])
        shards = range(len(self._bounds) - 1)
        answers = self._carry("propose", dict.fromkeys(shards, (asked,)))
        found, candidates = zip(*(answers[number] for number in shards), strict=True)
        # The candidates that one machine would have.
        (near, _), (by_sentences, _), (by_words, scores) = map(_choose_best, zip(*found, strict=True))
        rows = np.unique(np.concatenate([near, by_sentences, by_words]))
        every = _join(candidates)
        places = every.rows.searchsorted(rows)
        bm25 = np.zeros(len(rows), dtype=np.float32)
        bm25[rows.searchsorted(by_words)] = scores
        return Candidates(
            rows, every.passages[places], every.sentences[places], every.best_sentences[places], bm25
        )

    def compare(self, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""
        parts: dict[int, Compared] = self._ask("compare", rows, asked)
        kinds = zip(*parts.values(), strict=True)  # all shards' token cosines, then vectors, then words held
        tokens, vectors, held = (self._gather(rows, dict(zip(parts, kind, strict=True))) for kind in kinds)
        return tokens, vectors, held

    def cosines(self, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""
        cosines: Scores = self._gather(rows, self._ask("cosines", rows, vector))
        return cosines

    def _number_shards(self, rows: Rows) -> Rows:
        """The number of the shard that each of these rows lies in."""
        return self._bounds.searchsorted(rows, side="right") - 1

    def _ask(self, method: Call, rows: Rows, *before: object) -> dict[int, Any]:
        """What each shard that has some of these rows says of them."""
        numbers = self._number_shards(rows)
        asked = np.unique(numbers).tolist() or [0]  # of no rows one shard says what nothing looks like
        return self._carry(method, {n: (*before, rows[numbers == n]) for n in asked})

    def _gather(self, rows: Rows, parts: Mapping[int, Any]) -> Any:
        """The shards' answers in the order of the rows."""
        numbers = self._number_shards(rows)
        first = next(iter(parts.values()))
        gathered = np.empty((len(rows), *first.shape[1:]), dtype=first.dtype)
        for number, part in parts.items():
            gathered[numbers == number] = part
        return gathered


def _join(parts: Sequence[Candidates]) -> Candidates:
    """The shards' candidates one after the other, their rows ascending."""
    names = Candidates.__slots__
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _choose_best(found: Sequence[Found]) -> Found:
    """The PROPOSED best of all shards', of equal ones the first row, as one machine chooses."""
    rows, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    best = np.lexsort((rows, -scores))[:PROPOSED]
    return rows[best], scores[best]


def cut_generation(folder: Path, count: int) -> Manifest:
    """Cut a built, unpublished generation into so many shards, beside its own files, and seal them with it.

    The whole stays: it keeps texts, words and proof, can be served by one machine, and is what the next
    build takes unchanged vectors from. Raises BuildError, OSError, GenerationError.
    """
    with Generation.open(folder) as generation:
        index = Index(generation)
        passages = len(index.passages)
        if not 1 <= count <= passages:
            raise BuildError(f"{passages} passages cannot be divided into {count} shards.")
        bounds = [passages * number // count for number in range(count + 1)]
        # All terms of the whole, in the order of their postings.
        find = "SELECT documents, start, champions, best FROM terms ORDER BY start"
        terms = [Term(*row) for row in index.store.database.all(find)]
        files = dict(generation.manifest.files)
        for number, (start, stop) in enumerate(pairwise(bounds)):
            target = folder / name_shard(number, "")
            target.mkdir(parents=True)
            _cut_shard(index, terms, target, start, stop)
            names = sorted(path.name for path in target.iterdir())
            files.update({name_shard(number, name): seal_file(target / name) for name in names})
            flush_folder(target)
        flush_folder(target.parent)
        manifest = generation.manifest.model_copy(update={"files": files, "shards": bounds})
    manifest.write(folder)
    return manifest


def _cut_shard(index: Index, terms: Sequence[Term], folder: Path, start: int, stop: int) -> None:
    sentences = index.retriever.sentence_offsets[start : stop + 1]
    _cut_vectors(index.passages, folder / LAYOUT.passages, start, stop)
    _cut_vectors(index.sentences, folder / LAYOUT.sentences, int(sentences[0]), int(sentences[-1]))
    (folder / LAYOUT.sentence_offsets).write_bytes((sentences - sentences[0]).astype("<i8").tobytes())
    offsets = index.tokens.offsets[start : stop + 1]
    width = len(index.tokens.projection)
    tokens = index.generation.path(LAYOUT.tokens)
    with tokens.open("rb") as source, (folder / LAYOUT.tokens).open("wb") as target:
        source.seek(int(offsets[0]) * width)
        left = int(offsets[-1] - offsets[0]) * width
        while left:
            left -= target.write(source.read(min(left, PIECE)))
    (folder / LAYOUT.token_offsets).write_bytes((offsets - offsets[0]).astype("<i8").tobytes())
    postings = (folder / LAYOUT.postings, folder / LAYOUT.impacts)
    places = index.retriever.postings.cut(terms, slice(start, stop), postings)
    (folder / POSTINGS_TERMS).write_bytes(places.tobytes())


def _cut_vectors(whole: VectorIndex, target: Path, start: int, stop: int) -> None:
    """An index of these rows, of the precision of the whole's, so that cosines are the same."""
    firsts = range(start, stop, STEP)
    parts = (whole.vectors(np.arange(first, min(first + STEP, stop))) for first in firsts)
    VectorIndex.gather(parts, target, whole=len(whole), searched=whole.searched)
