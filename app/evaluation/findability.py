"""Can what is new be found? Each new article is asked what its own headings ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from app.answering.answer import IndexAnswerer
from app.errors import QuestionError
from app.records import Article

_NUMBER = re.compile(r"^\W*\d+[.)]\s*")
_TOPIC_END = re.compile(r"\s*(?:[|:?—–]|\s-\s)")
"""What a title says behind one of these is not what the article is about."""


@dataclass(frozen=True, slots=True)
class Findability:
    """What became of the questions that an article's own headings ask."""

    title: str
    asked: int
    answered: int
    """Those that were not refused."""
    first: int
    """Those whose first passage stands under that very heading."""
    lost: tuple[str, ...]
    """Those without any passage of the article."""

    @classmethod
    def of(cls, answerer: IndexAnswerer, article: Article) -> Self:
        """Ask by the same call as the page; what a heading does not ask, is asked of the topic."""
        topic = _TOPIC_END.split(article.title)[0]
        passages = answerer.passages_of(article.slug)
        sections = list(dict.fromkeys(passage.section for passage in passages if passage.section))
        answered = first = 0
        lost = []
        for section in sections:
            heading = _NUMBER.sub("", section[-1])
            question = heading if "?" in heading else f"{heading}: {topic}"
            try:
                matches = answerer.answer(question).matches
            except QuestionError:  # too long a heading for a question
                matches = ()
            answered += bool(matches)
            places = [(match.article.slug, match.passage.section) for match in matches]
            first += places[:1] == [(article.slug, section)]
            if all(slug != article.slug for slug, _ in places):
                lost.append(question)
        return cls(article.title, len(sections), answered, first, tuple(lost))

    def describe(self) -> str:
        """In one line."""
        return (
            f"“{self.title}”, asked what its own {self.asked} headings ask: {self.answered} answered, "
            f"{self.first} of them with that section first"
        )

    def object(self) -> str | None:
        """What speaks against publishing: most of the article's own questions do not find it."""
        if len(self.lost) * 2 <= self.asked:
            return None
        return (
            f"the article “{self.title}” cannot be found: {len(self.lost)} of the {self.asked} questions "
            f"that its own headings ask find nothing of it, among them “{self.lost[0]}”"
        )
