"""Question -> the passages that may answer it, best first.

Four retrievers look at the same passages: the passage's vector, its best single sentence's, BM25 over its
words, and late interaction between the question's tokens and the passage's (Khattab & Zaharia 2020). The
first three propose candidates and order them; the last rescores the best of these.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.answering.denials import leave_out_denied
from app.answering.question import make_searchable
from app.answering.spelling import Spelling
from app.index.encoder import QueryVectors
from app.index.lexical import find_content_words
from app.index.opened import Index
from app.index.retriever import Asked, Matrix, Retriever, Rows, Scores
from app.records import Match

RESCORED = 24
"""Candidates that late interaction looks at, the best by the first three: on each of our sets of questions as
good as all of them; 16 would lose 0.008 of MRR@5 on one."""

MAX_WORDS = 128
"""Content words of a question that are looked up; nobody writes more of them in 1,000 characters."""

NEAR_DUPLICATE = 0.95
"""Passages whose vectors are nearer to each other than this say the same."""
_MAX_OF_SECTION = 2
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Weights:
    """What each retriever's score counts; `scripts/evaluate.py --compare` measures the choice.

    Chosen over sample corpora of 5 to 250 articles (docs/evaluation.md). All are cosines but BM25, which is
    divided by what a word weighs that stands in one passage alone (the logarithm of their number), so that
    it counts the same in a large corpus.
    """

    late: float = 0.9
    passage: float = 1.0
    sentence: float = 0.4
    lexical: float = 0.06


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the retrievers see it."""

    encoding: QueryVectors
    token_weights: Scores
    """float32[m]: what each of its tokens counts."""
    content_words: tuple[str, ...]
    """As they were typed."""
    words: tuple[str, ...]
    """The same, those misspelt as the corpus spells them."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates for a question, best first; all arrays run in parallel and may be empty."""

    query: Query
    rows: Rows
    scores: Scores
    """What the order follows: the weighted sum."""
    passages: Scores
    """Cosine of question and passage."""
    sentences: Scores
    """Cosine of question and the passage's best sentence."""
    best_sentences: Rows
    """Which of the passage's sentences that is, from 0."""
    lexical: Scores
    """BM25, divided by the logarithm of the number of passages."""
    late: Scores
    """Weighted mean over the question's tokens of the best cosine among the passage's tokens."""
    tokens: Matrix
    """float32[n, m]: for each of the question's m tokens that best cosine."""
    vectors: Matrix
    """float32[n, d]: the passages' own."""
    held: NDArray[np.bool_]
    """bool[n, words]: whether the passage holds each of the question's words, or another of its family."""


class Search:
    """Retrieval over one generation."""

    def __init__(
        self,
        index: Index,
        retriever: Retriever | None = None,
        *,
        weights: Weights = Weights(),
        rescored: int = RESCORED,
    ) -> None:
        """Over the files of ``index``, or wherever another ``retriever`` of the same generation looks."""
        self.index = index
        self.retriever = retriever or index.retriever
        self.spelling = Spelling(index.lexical, index.encoder)
        self._weights = weights
        self._rescored = rescored
        self._lexical_scale = np.float32(1 / math.log1p(len(index.passages)))
        foreign = index.store.foreign()
        # It has its page; readers of the other articles could not read it among their answers.
        self._withheld = np.array(
            [row for slug in foreign for row in index.store.rows_of(slug)], dtype=np.int64
        )

    def rank(self, question: str, article: str | None = None) -> Ranking:
        """The candidates for a question, of one article or of all; raises QuestionError, NotFound."""
        query = self._read(make_searchable(leave_out_denied(question)))
        asked = self._ask(query)
        inside = None if article is None else np.array(self.index.store.rows_of(article), dtype=np.int64)
        found = self.retriever.propose(asked, inside)
        lexical = found.bm25 * self._lexical_scale
        weights = self._weights
        first = (
            weights.passage * found.passages + weights.sentence * found.sentences + weights.lexical * lexical
        )
        if inside is None and len(self._withheld):
            first[np.isin(found.rows, self._withheld)] = -np.inf
        kept = (-first).argsort(kind="stable")[: self._rescored]
        kept = kept[np.isfinite(first[kept])]
        compared = self.retriever.compare(asked, found.rows[kept])
        late = compared.tokens @ (query.token_weights / query.token_weights.sum())
        scores = first[kept] + weights.late * late
        order = (-scores).argsort(kind="stable")
        kept = kept[order]
        return Ranking(
            query=query,
            rows=found.rows[kept],
            scores=scores[order],
            passages=found.passages[kept],
            sentences=found.sentences[kept],
            best_sentences=found.best_sentences[kept],
            lexical=lexical[kept],
            late=late[order],
            tokens=compared.tokens[order],
            vectors=compared.vectors[order],
            held=compared.held[order],
        )

    def _read(self, question: str) -> Query:
        encoding = self.index.encoder.encode(question)
        content_words = tuple(find_content_words(question)[:MAX_WORDS])
        corrections = self.spelling.correct(content_words)
        words = tuple(corrections.get(word, word) for word in content_words)
        return Query(encoding, self.index.token_weights[encoding.ids], content_words, words)

    def _ask(self, query: Query) -> Asked:
        lexical = self.index.lexical
        return Asked(
            vector=query.encoding.vector,
            tokens=query.encoding.tokens,
            searched=lexical.terms_of(query.words),
            words=tuple(lexical.look_up(word).terms for word in query.words),
        )

    def select(self, ranking: Ranking, k: int) -> tuple[int, ...]:
        """The places in the ranking of the ``k`` best passages that do not say the same thing again."""
        repeats = (ranking.vectors @ ranking.vectors.T > NEAR_DUPLICATE).tolist()
        chosen: list[int] = []
        sections: list[tuple[str, ...]] = []
        for place, row in enumerate(ranking.rows.tolist()):
            if len(chosen) == k:
                break
            passage = self.index.store.passage_at(row)
            section = (passage.article, *passage.section)
            repeated = any(repeats[place][other] for other in chosen)
            if not repeated and sections.count(section) < _MAX_OF_SECTION:
                chosen.append(place)
                sections.append(section)
        return tuple(chosen)

    def match(self, ranking: Ranking, place: int) -> Match:
        """The passage at a place in the ranking, its best sentence marked."""
        passage = self.index.store.passage_at(int(ranking.rows[place]))
        start, end = passage.sentences[int(ranking.best_sentences[place])]
        return Match(
            passage=passage,
            article=self.index.store.article(passage.article),
            score=float(ranking.passages[place]),
            highlights=((start - passage.start, end - passage.start),),
        )

    def suggest(self, ranking: Ranking, question: str) -> str | None:
        """The question that was ranked with its misspelt words mended; None when there are none."""
        query = ranking.query
        pairs = zip(query.content_words, query.words, strict=True)
        meant = {word: mended for word, mended in pairs if word != mended}
        return _LETTERS.sub(lambda found: meant.get(found[0].lower(), found[0]), question) if meant else None
