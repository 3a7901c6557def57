"""Many shards asked as one index: what each retriever finds best of all, exactly as one machine would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from app.cluster.shards import Found
from app.index.retriever import PROPOSED, Asked, Candidates, Compared, Proposal, Rows, Scores, unite

Call = Literal["propose", "propose_inside", "compare", "cosines"]
"""A method of `Shard`."""


class Carrier(Protocol):
    """Brings calls to the shards of one generation, all at once."""

    def call(self, method: Call, requests: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        """What the shards of these numbers answer, ``requests`` being their arguments after the generation.

        All of them, or it raises GenerationError: a question is never answered from a part in silence.
        """


class ShardedRetriever:
    """A `Retriever` over the shards of one generation."""

    def __init__(self, bounds: Sequence[int], carrier: Carrier) -> None:
        """``bounds`` are each shard's first row and, last, the number of rows."""
        self._bounds = np.array(bounds, dtype=np.int64)
        self._carrier = carrier

    def propose(self, asked: Asked, inside: Rows | None = None) -> Candidates:
        """The candidates; of one article its passages, all of them, whose rows are ``inside``."""
        if inside is not None:
            parts = self._ask("propose_inside", inside, asked)
            return _join([parts[number] for number in sorted(parts)])
        shards = range(len(self._bounds) - 1)
        answers = self._carrier.call("propose", dict.fromkeys(shards, (asked,)))
        return merge([answers[number] for number in shards])

    def compare(self, asked: Asked, rows: Rows) -> Compared:
        """A closer look at these passages, in this order."""
        parts: dict[int, Compared] = self._ask("compare", rows, asked)
        return Compared(
            tokens=self._gather(rows, {number: part.tokens for number, part in parts.items()}),
            vectors=self._gather(rows, {number: part.vectors for number, part in parts.items()}),
            held=self._gather(rows, {number: part.held for number, part in parts.items()}),
        )

    def cosines(self, vector: Scores, rows: Rows) -> Scores:
        """The cosine of ``vector`` with each of these passages."""
        cosines: Scores = self._gather(rows, self._ask("cosines", rows, vector))
        return cosines

    def _find(self, rows: Rows) -> Rows:
        """The number of the shard that each of these rows lies in."""
        return self._bounds.searchsorted(rows, side="right") - 1

    def _ask(self, method: Call, rows: Rows, *before: object) -> dict[int, Any]:
        """What each shard that has some of these rows says of them."""
        numbers = self._find(rows)
        asked = np.unique(numbers).tolist() or [0]  # of no rows one shard says what nothing looks like
        return self._carrier.call(method, {n: (*before, rows[numbers == n]) for n in asked})

    def _gather(self, rows: Rows, parts: Mapping[int, Any]) -> Any:
        """The shards' answers in the order of the rows."""
        numbers = self._find(rows)
        first = next(iter(parts.values()))
        gathered = np.empty((len(rows), *first.shape[1:]), dtype=first.dtype)
        for number, part in parts.items():
            gathered[numbers == number] = part
        return gathered


def merge(found: Sequence[Found]) -> Candidates:
    """The candidates that one machine would have, of all that the shards propose, in the shards' order."""
    passages = _choose_best([one.passages for one in found])
    sentences = _choose_best([one.sentences for one in found])
    words = _choose_best([one.words for one in found])
    rows = unite(passages.rows, sentences.rows, words.rows)
    every = _join([one.candidates for one in found])
    places = every.rows.searchsorted(rows)
    bm25 = np.zeros(len(rows), dtype=np.float32)
    bm25[rows.searchsorted(words.rows)] = words.scores
    return Candidates(
        rows, every.passages[places], every.sentences[places], every.best_sentences[places], bm25
    )


def _join(parts: Sequence[Candidates]) -> Candidates:
    """The shards' candidates one after the other, their rows ascending."""
    names = Candidates.__slots__
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _choose_best(proposals: Sequence[Proposal]) -> Proposal:
    """The PROPOSED best of all shards', of equal ones the first row, as one machine chooses."""
    rows = np.concatenate([one.rows for one in proposals])
    scores = np.concatenate([one.scores for one in proposals])
    best = np.lexsort((rows, -scores))[:PROPOSED]
    return Proposal(rows[best], scores[best])
