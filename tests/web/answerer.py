"""A small answerer whose ranking means something: more words in common with the question come first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date
from hashlib import sha256

from app.corpus.passages import cut_article
from app.errors import NotFound, Withdrawn
from app.records import Answer, Article, Match, Passage, WithdrawnPassage

JERKS = """Why Babies Jerk

Jerks in Sleep

Sleep jerks are short & harmless <jerks> of the arms or legs. They stop when the baby wakes up.

When to Call

Call a doctor if the jerks:

    • come with fever
    • go on after waking

How Minerals Help

Mineral Main Job Common Source
Calcium Aids each muscle and nerve. Breast milk.
Iron Carries oxygen around. Formula milk.
Zinc Helps with healing. Cereals.
"""
SHUDDERS = """Shuddering
What is shuddering?
Shuddering looks like a shiver of the head and shoulders. "Shuddering" does not hurt the baby’s brain.
Is shuddering dangerous?
Shuddering attacks are rare and harmless. They often stop by the age of 2 or 3.
"""
_STOP = frozenset(
    "a and are at be by can do does how i in is it my of or the they to what when why with".split()
)


def make_article(slug: str, title: str, text: str, **more: object) -> Article:
    return Article(
        slug=slug,
        title=title,
        publisher="Example & Sons",
        url=f"https://example.org/{slug}",
        retrieved=date(2026, 11, 21),
        rights="All rights with the publisher",
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
        **more,  # type: ignore[arg-type]
    )


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) - _STOP


class WordAnswerer:
    """Ranks passages by the share of the question's words that they hold: an answerer without any model."""

    generation = "20261122T010000Z-words"
    model = "shared-words"

    def __init__(self, *articles: Article) -> None:
        self._articles = {article.slug: article for article in articles}
        self._passages = {article.slug: cut_article(article) for article in articles}
        self.gone: dict[str, WithdrawnPassage | None] = {}
        self.asked: list[tuple[str, int]] = []

    def answer(self, question: str, k: int = 5, article: str | None = None) -> Answer:
        if article is not None:
            self.article(article)
        self.asked.append((question, k))
        wanted = words_of(question)
        scored = [
            (
                len(wanted & words_of(" ".join(passage.section) + " " + passage.text)) / (len(wanted) or 1),
                passage,
            )
            for slug, passages in self._passages.items()
            for passage in passages
            if article in (None, slug)
        ]
        ranked = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:k]
        matches = tuple(self._match(score, passage, wanted) for score, passage in ranked)
        confidence = ranked[0][0] if ranked else 0.0
        outcome = "answered" if confidence >= 0.5 else "closest" if matches else "none"
        return Answer(
            question=question,
            outcome=outcome,  # type: ignore[arg-type]
            confidence=confidence,
            urgency="now" if "blue" in wanted else "today" if "nodding" in wanted else "none",
            language="es" if "duerme" in wanted else None,
            matches=matches if outcome == "answered" else (),
            closest=matches if outcome == "closest" else (),
            generation=self.generation,
            model=self.model,
            help=self._help(matches) if outcome == "answered" else (),
            suggestion=question.replace("shudering", "shuddering") if "shudering" in question else None,
        )

    def _match(self, score: float, passage: Passage, wanted: Set[str] = frozenset()) -> Match:
        text = self._articles[passage.article].text
        start, end = max(passage.sentences, key=lambda span: len(wanted & words_of(text[slice(*span)])))
        highlight = (start - passage.start, end - passage.start)
        return Match(passage, self._articles[passage.article], score, (highlight,))

    def _help(self, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        article = matches[0].article
        return tuple(
            self._match(0.5, passage)
            for passage in self._passages[article.slug]
            if passage.section and passage.section[-1] in article.when_to_get_help
        )

    def articles(self) -> tuple[Article, ...]:
        return tuple(self._articles.values())

    def article(self, slug: str) -> Article:
        if slug not in self._articles:
            raise NotFound("no such article")
        return self._articles[slug]

    def passage(self, passage_id: str) -> Passage:
        if passage_id in self.gone:
            raise Withdrawn("gone")
        for passages in self._passages.values():
            for passage in passages:
                if passage.id == passage_id:
                    return passage
        raise NotFound("no such passage")

    def passages_of(self, slug: str) -> tuple[Passage, ...]:
        self.article(slug)
        return self._passages[slug]

    def withdrawn(self, passage_id: str) -> WithdrawnPassage:
        gone = self.gone.get(passage_id)
        if gone is None:
            raise Withdrawn("gone, and its words with it")
        return gone

    def about(self) -> Mapping[str, object]:
        return {"built": "2026-11-22", "figures": {"questions": 90, "success@1": 0.85, "unnamed": 1}}


def make_answerer() -> WordAnswerer:
    return WordAnswerer(
        make_article(
            "jerks", "Why Babies Jerk", JERKS, author="A. Writer", when_to_get_help=("When to Call",)
        ),
        make_article("shudders", "Shuddering", SHUDDERS),
    )
