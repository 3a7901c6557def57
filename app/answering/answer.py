"""A question's way to an Answer: the one call that pages, API, scripts and evaluation share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from app.answering.question import check_count, check_question
from app.answering.search import Search
from app.index.opened import OpenedIndex
from app.records import Answer, Article, Passage, WithdrawnPassage


class Answerer(Protocol):
    """What the web and the scripts need of a loaded generation."""

    generation: str
    model: str

    def answer(self, question: str, k: int = 5) -> Answer:
        """Answer one question; raises QuestionError for one that cannot be taken."""

    def articles(self) -> tuple[Article, ...]:
        """Every article, by slug."""

    def article(self, slug: str) -> Article:
        """One article; raises NotFound."""

    def passage(self, passage_id: str) -> Passage:
        """One passage; raises NotFound or Withdrawn."""

    def passages_of(self, slug: str) -> tuple[Passage, ...]:
        """The passages of an article, in the order they stand in it; raises NotFound."""

    def withdrawn(self, passage_id: str) -> WithdrawnPassage:
        """What a withdrawn passage said; raises Withdrawn when its words are no longer kept, or NotFound."""

    def about(self) -> Mapping[str, object]:
        """What a reader may know of the generation: "built" (ISO date) and "figures" (name to number)."""


class IndexAnswerer:
    """Answers from one generation, from start to end of a question."""

    def __init__(self, index: OpenedIndex) -> None:
        self.index = index
        self.generation = index.generation.name
        self.model = index.generation.manifest.model.name
        self._search = Search(index)

    def answer(self, question: str, k: int = 5) -> Answer:
        """Answer one question; raises QuestionError for one that cannot be taken."""
        question = check_question(question)
        matches = self._search.find(question, check_count(k))
        return Answer(
            question=question,
            outcome="answered" if matches else "none",
            confidence=min(max(matches[0].score, 0.0), 1.0) if matches else 0.0,
            urgent=False,
            matches=matches,
            closest=(),
            generation=self.generation,
            model=self.model,
        )

    def articles(self) -> tuple[Article, ...]:
        """Every article, by slug."""
        return self.index.store.articles()

    def article(self, slug: str) -> Article:
        """One article; raises NotFound."""
        return self.index.store.article(slug)

    def passage(self, passage_id: str) -> Passage:
        """One passage; raises NotFound or Withdrawn."""
        return self.index.store.passage(passage_id)

    def passages_of(self, slug: str) -> tuple[Passage, ...]:
        """The passages of an article, in the order they stand in it; raises NotFound."""
        return self.index.store.passages_of(slug)

    def withdrawn(self, passage_id: str) -> WithdrawnPassage:
        """What a withdrawn passage said; raises Withdrawn when its words are no longer kept, or NotFound."""
        return self.index.store.withdrawn_passage(passage_id)

    def about(self) -> Mapping[str, object]:
        """What a reader may know of the generation: "built" (ISO date) and "figures" (name to number)."""
        manifest = self.index.generation.manifest
        built = datetime.strptime(manifest.created, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).date()
        return {"built": built.isoformat(), "figures": manifest.figures}

    def close(self) -> None:
        """Let go of the generation's files."""
        self.index.close()
