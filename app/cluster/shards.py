"""A shard: the vectors, tokens and postings of some passages, cut out of a whole generation and asked alone.

Everything that a score hangs on (document frequencies, lengths, weights, directions) was worked out for the
whole, and a shard only holds a part of its rows: a passage scores the same wherever it lies. A shard has
neither the articles' words nor a list of terms; texts and proof stay with the whole's store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from app.disk import flush_folder, write_durably
from app.errors import BuildError, NoGeneration
from app.index.database import Database
from app.index.generation import LAYOUT, MANIFEST, POSTINGS_TERMS, Generation, Manifest, name_shard, seal_file
from app.index.opened import Index
from app.index.postings import Postings, Term, cut_postings
from app.index.retriever import (
    Asked,
    Candidates,
    Compared,
    LocalRetriever,
    Proposal,
    Rows,
    Scores,
    unite,
)
from app.index.tokens import TokenVectors, read_projection
from app.index.vectors import VectorIndex, choose_kind

STEP = 50_000
"""Vectors in memory at a time."""
PIECE = 1 << 24
"""Bytes that are copied at a time."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one shard proposes: each retriever's best, by which all shards' are compared, and their scores."""

    passages: Proposal
    sentences: Proposal
    """The rows are the sentences' passages."""
    words: Proposal
    candidates: Candidates


class Shard:
    """One shard, opened; its rows are those of the whole."""

    def __init__(self, generation: Generation, number: int) -> None:
        """Raises DamagedGeneration, naming the file; NoGeneration where there is no such shard."""
        if not 0 <= number < len(generation.manifest.shards) - 1:
            raise NoGeneration(f"{generation.name} has no shard {number}.")
        self._generation = generation
        self._start = generation.manifest.shards[number]

        def path(name: str) -> Path:
            return generation.path(name_shard(number, name))

        def read(name: str) -> bytes:
            return generation.read(name_shard(number, name))

        self._terms = np.frombuffer(read(POSTINGS_TERMS), dtype="<i8").reshape(-1, 5)
        projection = read_projection(
            generation.read(LAYOUT.token_projection), generation.manifest.model.dimension
        )
        self._local = LocalRetriever(
            VectorIndex.open(path(LAYOUT.passages)),
            VectorIndex.open(path(LAYOUT.sentences)),
            np.frombuffer(read(LAYOUT.sentence_offsets), dtype="<i8"),
            TokenVectors(path(LAYOUT.tokens), read(LAYOUT.token_offsets), projection),
            Postings(path(LAYOUT.postings), path(LAYOUT.impacts)),
        )

    def propose(self, generation: str, asked: Asked) -> Found:
        """This shard's best of each retriever."""
        here = self._find(generation, asked)
        passages, words = self._local.search_passages(here), self._local.search_words(here)
        sentences = self._local.search_sentences(here)
        candidates = self._local.score(here, unite(passages.rows, sentences.rows, words.rows), words)
        passages, sentences, words = (
            Proposal(one.rows + self._start, one.scores) for one in (passages, sentences, words)
        )
        return Found(passages, sentences, words, self._place(candidates))

    def propose_inside(self, generation: str, asked: Asked, rows: Rows) -> Candidates:
        """These passages, of one article, all of them."""
        here = self._find(generation, asked)
        return self._place(self._local.propose(here, rows - self._start))

    def compare(self, generation: str, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""
        return self._local.compare(self._find(generation, asked), rows - self._start)

    def cosines(self, generation: str, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""
        self._require(generation)
        return self._local.cosines(vector, rows - self._start)

    def check_trusted(self) -> None:
        """Read what was only believed at opening; raises DamagedGeneration."""
        self._generation.check_trusted()

    def _require(self, generation: str) -> None:
        """No answer is made of two generations."""
        if generation != self._generation.name:
            raise NoGeneration(f"This shard is of {self._generation.name}, not of {generation}.")

    def _find(self, generation: str, asked: Asked) -> Asked:
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
        database = Database(generation.path(LAYOUT.store))
        rows = database.all("SELECT documents, start, champions, best FROM terms ORDER BY start")
        terms = [Term(*row) for row in rows]
        database.close()
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
    write_durably(folder / MANIFEST, manifest.to_bytes())
    return manifest


def _cut_shard(index: Index, terms: Sequence[Term], folder: Path, start: int, stop: int) -> None:
    sentences = index.sentence_offsets[start : stop + 1]
    _cut_vectors(index.passages, folder / LAYOUT.passages, start, stop)
    _cut_vectors(index.sentences, folder / LAYOUT.sentences, int(sentences[0]), int(sentences[-1]))
    (folder / LAYOUT.sentence_offsets).write_bytes((sentences - sentences[0]).astype("<i8").tobytes())
    offsets = np.frombuffer(index.generation.read(LAYOUT.token_offsets), dtype="<i8")[start : stop + 1]
    width = len(index.projection)
    tokens = index.generation.path(LAYOUT.tokens)
    with tokens.open("rb") as source, (folder / LAYOUT.tokens).open("wb") as target:
        source.seek(int(offsets[0]) * width)
        left = int(offsets[-1] - offsets[0]) * width
        while left:
            left -= target.write(source.read(min(left, PIECE)))
    (folder / LAYOUT.token_offsets).write_bytes((offsets - offsets[0]).astype("<i8").tobytes())
    postings = (folder / LAYOUT.postings, folder / LAYOUT.impacts)
    places = cut_postings(index.lexical.postings, terms, slice(start, stop), postings)
    (folder / POSTINGS_TERMS).write_bytes(places.tobytes())


def _cut_vectors(whole: VectorIndex, target: Path, start: int, stop: int) -> None:
    """An index of these rows, of the precision of the whole's, so that cosines are the same."""
    with TemporaryFile(dir=target.parent) as scratch:
        rows: NDArray[np.float32] = np.memmap(
            scratch, dtype=np.float32, mode="w+", shape=(stop - start, whole.dimension)
        )
        for first in range(start, stop, STEP):
            part = np.arange(first, min(first + STEP, stop))
            rows[part - start] = whole.vectors(part)
        kind = choose_kind(stop - start, whole=len(whole), searched=whole.searched)
        VectorIndex.build(rows, kind).write(target)
