"""What a question asks of an index: candidates first, then a closer look at the best of them.

Three retrievers propose candidates (the nearest passages, the passages of the nearest sentences, BM25) and
score them; late interaction compares some. ``Retriever`` is all that ranking needs to know of where the
vectors and postings lie: here, in this process, or in shards on many machines (app/cluster).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.index.generation import LAYOUT, Generation, name_shard
from app.index.postings import Postings, Term
from app.index.rows import Matrix, Rows, Scores, members_of, run_starts
from app.index.tokens import TokenVectors
from app.index.vectors import VectorIndex

Found = tuple[Rows, Scores]
"""What one retriever proposes: rows, best first, and its own scores."""
Compared = tuple[Matrix, Matrix, NDArray[np.bool_]]
"""What late interaction and the selection want to know of n passages.

float32[n, m], for each of the question's tokens the best cosine among the passage's; float32[n, d], the
passages' vectors; bool[n, words], whether each holds each of the question's words, or another of its family.
"""

PROPOSED = 100
"""Candidates that each of the three retrievers may propose."""
_MOST_BY_WORDS = 10_000
"""Passages whose BM25 is looked at where those of one article are wanted, which are all candidates."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as retrievers see it: without its words, only with the terms that the corpus has of them."""

    vector: Scores
    """float32[d]."""
    tokens: Matrix
    """float32[m, d]: its tokens' vectors."""
    searched: tuple[Term, ...]
    """The terms that BM25 adds up."""
    words: tuple[tuple[Term, ...], ...]
    """For each of its words the terms of which any makes a passage hold the word."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages that may answer, their rows ascending; all arrays run in parallel and may be empty."""

    rows: Rows
    passages: Scores
    """Cosine of question and passage."""
    sentences: Scores
    """Cosine of question and the passage's best sentence."""
    best_sentences: Rows
    """Which of the passage's sentences that is, from 0."""
    bm25: Scores
    """0 where the words did not propose the passage."""


class Retriever(Protocol):
    """Where the passages of one generation are looked for; rows are those of its store."""

    def propose(self, asked: Asked, inside: Rows | None = None) -> Candidates:
        """The candidates; of one article its passages, all of them, whose rows are ``inside``."""

    def compare(self, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""

    def cosines(self, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""


@dataclass(frozen=True, slots=True)
class LocalRetriever:
    """Retrieval from files that this process has opened."""

    passages: VectorIndex
    sentences: VectorIndex
    sentence_offsets: Rows
    tokens: TokenVectors
    postings: Postings

    @classmethod
    def open(cls, generation: Generation, shard: int | None = None) -> LocalRetriever:
        """A whole generation or one shard of it, whose rows begin at 0; raises DamagedGeneration."""

        def name(file: str) -> str:
            return file if shard is None else name_shard(shard, file)

        projection = np.frombuffer(generation.read(LAYOUT.token_projection), dtype="<f4")
        return cls(
            VectorIndex.open(generation.path(name(LAYOUT.passages))),
            VectorIndex.open(generation.path(name(LAYOUT.sentences))),
            np.frombuffer(generation.read(name(LAYOUT.sentence_offsets)), dtype="<i8"),
            TokenVectors(
                generation.path(name(LAYOUT.tokens)),
                generation.read(name(LAYOUT.token_offsets)),
                projection.reshape(-1, generation.manifest.model.dimension),
            ),
            Postings(generation.path(name(LAYOUT.postings)), generation.path(name(LAYOUT.impacts))),
        )

    def propose(self, asked: Asked, inside: Rows | None = None) -> Candidates:
        """The candidates; of one article its passages, all of them, whose rows are ``inside``."""
        if inside is not None:
            rows, scores = self.postings.search(asked.searched, _MOST_BY_WORDS)
            held = np.isin(rows, inside)
            return self.score(asked, inside, (rows[held], scores[held]))
        near, _ = self.passages.search(asked.vector, PROPOSED)
        by_words, scores = self.postings.search(asked.searched, PROPOSED)
        if len(near) == len(self.passages):  # nothing is left for others to propose
            rows = np.arange(len(near))
        else:
            by_sentences, _ = self.search_sentences(asked.vector)
            rows = np.sort(np.concatenate([near, by_sentences, by_words]))
            rows = rows[run_starts(rows)]  # each once
        return self.score(asked, rows, (by_words, scores))

    def compare(self, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""
        held = np.zeros((len(rows), len(asked.words)), dtype=np.bool_)
        for place, terms in enumerate(asked.words):
            held[:, place] = self.postings.hold(terms, rows)
        return self.tokens.best_cosines(asked.tokens, rows), self.passages.vectors(rows), held

    def cosines(self, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""
        return self.passages.cosines(vector, rows)

    def search_sentences(self, vector: Scores) -> Found:
        """The nearest sentences' passages; none in a large corpus, where sentences only rescore."""
        if not self.sentences.searched:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        nearest, cosines = self.sentences.search(vector, PROPOSED)
        return self.sentence_offsets.searchsorted(nearest, side="right") - 1, cosines

    def score(self, asked: Asked, rows: Rows, words: Found) -> Candidates:
        """These passages, ascending, as candidates; ``words`` are those of them that BM25 proposed."""
        # All sentences of all these passages are compared at once: a call for every passage would cost more
        # than the cosines. `reduceat` gives the best from each start up to the next.
        sentences, starts = members_of(self.sentence_offsets, rows)
        cosines = self.sentences.cosines(asked.vector, sentences)
        best = np.maximum.reduceat(cosines, starts)
        # Of equal sentences the first, so that the same one is highlighted wherever the passage lies.
        counts = np.append(starts[1:], len(sentences)) - starts
        places = np.flatnonzero(cosines == best.repeat(counts))
        best_sentences = places[places.searchsorted(starts)] - starts
        bm25 = np.zeros(len(rows), dtype=np.float32)
        by_words, scores = words
        bm25[rows.searchsorted(by_words)] = scores
        passages = self.passages.cosines(asked.vector, rows)
        return Candidates(rows, passages, best, best_sentences, bm25)
