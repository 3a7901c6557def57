"""Question -> the passages that may answer it, best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.index.encoder import Encoding
from app.index.opened import OpenedIndex
from app.records import Match, Passage, Span


@dataclass(frozen=True, slots=True)
class Search:
    """Dense retrieval over the passages of one generation."""

    index: OpenedIndex

    def find(self, question: str, k: int) -> tuple[Match, ...]:
        """At most ``k`` matches; raises QuestionError when the question cannot be encoded."""
        return tuple(self._find(self.index.encoder.encode(question), k))

    def _find(self, query: Encoding, k: int) -> Iterator[Match]:
        rows, cosines = self.index.passages.search(query.vector, k)
        for row, cosine in zip(rows, cosines, strict=True):
            passage = self.index.store.passage_at(int(row))
            yield Match(
                passage=passage,
                article=self.index.store.article(passage.article),
                score=float(cosine),
                highlights=(self._find_highlight(query, int(row), passage),),
            )

    def _find_highlight(self, query: Encoding, row: int, passage: Passage) -> Span:
        """The sentence nearest to the question, as offsets into the passage's text."""
        sentences = self.index.store.sentences_at(row)
        rows = np.array([sentence for sentence, _ in sentences], dtype=np.int64)
        start, end = sentences[int(self.index.sentences.cosines(query.vector, rows).argmax())][1]
        return (start - passage.start, end - passage.start)
