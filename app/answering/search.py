"""Question -> the passages that may answer it, best first.

Four retrievers look at the same passages: the passage's vector, its best single sentence's, BM25 over its
words, and late interaction between the question's tokens and the passage's (Khattab & Zaharia 2020). The
first three propose candidates and order them; the last rescores the best of these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from app.answering.denials import leave_out_denied
from app.answering.question import make_searchable
from app.index.encoder import Encoder, QueryVectors
from app.index.lexical import LexicalIndex, list_content_words
from app.index.opened import Index
from app.index.retriever import Asked, Retriever
from app.index.rows import Matrix, Rows, Scores
from app.records import Match

RESCORED = 24
"""Candidates that late interaction looks at, the best by the first three: on each of our sets of questions as
good as all of them; 16 would lose 0.008 of MRR@5 on one."""

MAX_WORDS = 128
"""Content words of a question that are looked up; nobody writes more of them in 1,000 characters."""

NEAR_DUPLICATE = 0.95
"""Passages whose vectors are nearer to each other than this say the same."""
_MAX_OF_SECTION = 2

_SHORTEST_MENDED, _LONGEST_MENDED = 5, 24
"""Shorter words have too many neighbours, and no longer one is meant to be an English word."""
MENDED = 8
"""Unknown words of one question that are compared with the corpus's: each takes a millisecond at most."""
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Weights:
    """What each retriever's score counts; `scripts/evaluate.py --compare` measures the choice.

    Chosen over sample corpora of 5 to 250 articles (docs/evaluation.md). All are cosines but BM25, which is
    divided by what a word weighs that stands in one passage alone (the logarithm of their number), so that
    it counts the same in a large corpus.
    """

    late: float = 2.0
    passage: float = 1.2
    sentence: float = 0.4
    lexical: float = 0.06


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question as the retrievers saw it, and its candidates, best first: all arrays from ``rows`` on run in
    parallel and may be empty.
    """

    encoding: QueryVectors
    token_weights: Scores
    """float32[m]: what each of its tokens counts."""
    content_words: tuple[str, ...]
    """As they were typed."""
    words: tuple[str, ...]
    """The same, those misspelt as the corpus spells them."""
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
        searchable, lexicon = make_searchable(leave_out_denied(question)), self.index.lexical
        encoding = self.index.encoder.encode(searchable)
        token_weights = self.index.token_weights[encoding.ids]
        content_words = tuple(list_content_words(searchable)[:MAX_WORDS])
        mended = mend_words(content_words, lexicon, self.index.encoder)
        words = tuple(mended.get(word, word) for word in content_words)
        asked = Asked(
            vector=encoding.vector,
            tokens=encoding.tokens,
            searched=lexicon.terms_of(words),
            words=tuple(lexicon.look_up(word).terms for word in words),
        )
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
        tokens, vectors, held = self.retriever.compare(asked, found.rows[kept])
        late = tokens @ (token_weights / token_weights.sum())
        scores = first[kept] + weights.late * late
        order = (-scores).argsort(kind="stable")
        kept = kept[order]
        return Ranking(
            encoding=encoding,
            token_weights=token_weights,
            content_words=content_words,
            words=words,
            rows=found.rows[kept],
            scores=scores[order],
            passages=found.passages[kept],
            sentences=found.sentences[kept],
            best_sentences=found.best_sentences[kept],
            lexical=lexical[kept],
            late=late[order],
            tokens=tokens[order],
            vectors=vectors[order],
            held=held[order],
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
        pairs = zip(ranking.content_words, ranking.words, strict=True)
        meant = {word: mended for word, mended in pairs if word != mended}
        return _LETTERS.sub(lambda found: meant.get(found[0].lower(), found[0]), question) if meant else None


def mend_words(words: Iterable[str], lexical: LexicalIndex, encoder: Encoder) -> dict[str, str]:
    """For those of a question's words that are misspelt the most frequent of the corpus one slip away.

    A slip is one letter too many, one missing, one wrong, or two exchanged (Damerau 1964). The question stays
    as it was typed: only the search by words takes a misspelt one for what it meant.
    """
    # Neither the corpus knows them nor the model, whose vocabulary has frequent words whole.
    unknown = (
        word
        for word in words
        if _SHORTEST_MENDED <= len(word) <= _LONGEST_MENDED
        and word.isascii()
        and word.isalpha()
        and not lexical.look_up(word).familiar
        and not encoder.knows(word)
    )
    near: dict[str, str] = {}
    for word in islice(unknown, MENDED):
        # Of equally near ones the first, which is the most frequent.
        if found := extractOne(word, lexical.vocabulary, scorer=OSA.distance, score_cutoff=1):
            near[word] = found[0]
    return near
