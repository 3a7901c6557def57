"""A question's way to an Answer: the one call that pages, API, scripts and evaluation share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial

import numpy as np

from app.answering.confidence import Confidence
from app.answering.question import check_count, check_question
from app.answering.search import Ranking, Search
from app.answering.triage import triage
from app.answering.urgency_vote import UrgencyHead
from app.errors import QuestionError, TooLate, WrongModel
from app.index.lexical import split_words
from app.index.opened import Index
from app.index.retriever import Retriever
from app.index.store import Store
from app.records import Answer, Match, Outcome, Refusal


def answer_each(ask: Callable[[str], Answer], questions: Iterable[str]) -> Iterator[Answer | Refusal]:
    """Several questions' answers, in their order; one that cannot be taken is a fault of itself alone.

    So is one that is not reached in time; raises TooLate where none is.
    """
    reached = False
    for question in questions:
        try:
            yield ask(check_question(question))
            reached = True
        except (QuestionError, TooLate) as error:
            if isinstance(error, TooLate) and not reached:
                raise
            yield Refusal(question, error.code, str(error), triage(question).urgency)


_UNCALIBRATED = 0.4
"""For a model that confidence was not learned for: the least cosine of a sentence that answers."""


class IndexAnswerer:
    """Answers from one generation, from start to end of a question."""

    def __init__(self, index: Index, retriever: Retriever | None = None) -> None:
        """Raises WrongModel when what was fitted for the generation was fitted with another model."""
        self.index = index
        self.generation = index.generation.name
        self.model = index.generation.manifest.model.name
        self.search = Search(index, retriever)
        self._confidence = Confidence.load(index)
        triage("is", index.urgency_encoder)  # reads the rules now, not with the first question
        if UrgencyHead.load().encoder_sha256 != index.generation.manifest.model.urgency_sha256:
            raise WrongModel(f"{self.generation}: urgency was learnt with another encoder; run `make index`.")
        store = index.store
        self.articles, self.article, self.passages_of = store.articles, store.article, store.passages_of
        self.passage, self.withdrawn = store.passage, store.withdrawn_passage
        self._rows_under = lru_cache(maxsize=64)(partial(_rows_under, store))

    def answer(self, question: str, k: int = 5, article: str | None = None) -> Answer:
        """Answer one question, from one article or from all; raises QuestionError, NotFound."""
        question, k = check_question(question), check_count(k)
        try:
            ranking, found = self.search.rank(question, article), triage(question, self.index.urgency_encoder)
            confidence, outcome = self.judge(ranking) if split_words(question) else (0.0, "none")
            places = self.search.select(ranking, k) if outcome != "none" else ()
            matches = tuple(self.search.match(ranking, place) for place in places)
            return Answer(
                question=question,
                outcome=outcome,
                confidence=confidence,
                urgency=found.urgency,
                matches=matches if outcome == "answered" else (),
                closest=matches if outcome == "closest" else (),
                generation=self.generation,
                model=self.model,
                help=self._find_help(ranking, matches[0]) if outcome == "answered" else (),
                suggestion=None if found.language else self.search.suggest(ranking, question),
                language=found.language,
            )
        finally:
            self.index.lexical.forget()

    def rank(self, question: str) -> Ranking:
        """The candidates for a question; raises QuestionError for one that cannot be taken."""
        return self.search.rank(check_question(question))

    def judge(self, ranking: Ranking) -> tuple[float, Outcome]:
        """Confidence and outcome; a model that confidence was not learned for answers by one cosine alone."""
        if self._confidence is None:
            confidence = float(np.clip(ranking.sentences.max(), 0, 1))
            return confidence, "answered" if confidence >= _UNCALIBRATED else "closest"
        confidence = self._confidence.estimate(ranking)
        return confidence, self._confidence.calibration.decide(confidence)

    def _find_help(self, ranking: Ranking, first: Match) -> tuple[Match, ...]:
        """When to get help, from the first passage's article, unless that passage says it itself."""
        headings = first.article.when_to_get_help
        if not headings or (first.passage.section and first.passage.section[-1] in headings):
            return ()
        rows = self._rows_under(first.article.slug, headings[0])
        cosines = self.search.retriever.cosines(ranking.encoding.vector, np.array(rows, dtype=np.int64))
        return tuple(
            Match(self.index.store.passage_at(row), first.article, float(cosine))
            for row, cosine in zip(rows, cosines, strict=True)
        )

    def about(self) -> Mapping[str, object]:
        """What a reader may know of the generation: "built" (ISO date) and "figures" (name to number)."""
        manifest = self.index.generation.manifest
        built = datetime.strptime(manifest.created, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).date()
        return {"built": built.isoformat(), "figures": manifest.figures}

    def close(self) -> None:
        """Let go of the generation's files."""
        self.index.close()


def _rows_under(store: Store, slug: str, heading: str) -> tuple[int, ...]:
    """The rows of an article's passages that stand right under a heading."""
    return tuple(row for row in store.rows_of(slug) if store.passage_at(row).section[-1:] == (heading,))
