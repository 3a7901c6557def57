"""A question's way to an Answer: the one call that pages, API, scripts and evaluation share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

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
