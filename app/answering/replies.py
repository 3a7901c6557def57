"""What is replied as JSON: each form is declared once, made from the records, and written by its model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from app.answering.citation import cite_plain
from app.notices import DISCLAIMER, EXTRACTS, emergency_text
from app.records import Answer, Article, Match, Outcome, Passage, Refusal, Urgency, WithdrawnPassage

_KEPT = 1024
"""Passages whose fixed parts are kept ready."""
_CONTEXT = 160
"""Characters of the article that a proof shows on each side, less a word that would be cut."""


class _Reply(BaseModel):
    """A form of reply, or a part of one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, from_attributes=True)


class NoticesReply(_Reply):
    """The fixed words that stand in every reply."""

    emergency: str = Field(description="When to call for help now.")
    disclaimer: str = Field(description="What these extracts cannot do.")
    extracts: str = Field(description="What the passages are.")

    @classmethod
    def of(cls, number: str | None = None) -> Self:
        """With one emergency number or, without, the usual ones."""
        return cls(emergency=emergency_text(number), disclaimer=DISCLAIMER, extracts=EXTRACTS)


class Source(_Reply):
    """Where words come from."""

    slug: str = Field(description="The article's short name here.")
    title: str = Field(description="The article's title.")
    author: str | None = Field(description="Who wrote it, where known.")
    publisher: str = Field(description="Who published it.")
    url: str = Field(description="The address that it was taken from.")


class ArticleReference(Source):
    """The article that a passage stands in."""

    retrieved: date = Field(description="Date on which the text was taken.")
    reviewed: date | None = Field(description="Date on which its publisher last checked it, where known.")
    sha256: str = Field(description="SHA-256 of the article's stored bytes.")


class PassageLinks(_Reply):
    """Where a passage can be read."""

    self: str = Field(description="The passage's permanent page.")
    article: str = Field(description="The article's own page here, with the passage marked.")
    source: str = Field(description="The publisher's page, with a text fragment where one marks the passage.")

    @classmethod
    @lru_cache(maxsize=_KEPT)
    def of(cls, article: Article, passage: Passage) -> PassageLinks:
        """The addresses here begin with a slash; a text fragment makes a browser scroll to the passage."""
        source, separator = article.url, "" if "#" in article.url else "#"
        if passage.fragment is not None:
            source += f"{separator}:~:text={passage.fragment}"
        return cls(self=f"/p/{passage.id}", article=f"/articles/{article.slug}#p-{passage.id}", source=source)


class _Quotation(_Reply):
    """A passage's words, and where they stand."""

    id: str = Field(description="The passage's name; it lasts as long as its words.")
    text: str = Field(description="Exactly the characters [start, end) of the article.")
    start: int = Field(ge=0, description="Where it begins in the article's text, in characters.")
    end: int = Field(ge=0, description="Where it ends.")
    article: ArticleReference


class PassageBody(_Quotation):
    """A passage, word for word, with its article, links and citation: what no question changes."""

    lead: str | None = Field(
        description="The header row or lead-in, word for word, that the passage needs above it."
    )
    section: tuple[str, ...] = Field(description="The headings it stands under, from the outermost inwards.")
    links: PassageLinks
    citation: str = Field(
        description="The passage under its headings and lead-in, with source, dates and disclaimer, as text."
    )

    @classmethod
    @lru_cache(maxsize=_KEPT)
    def of(cls, article: Article, passage: Passage, base: str) -> PassageBody:
        """``base`` is the address that the permalink in the citation begins with."""
        links = PassageLinks.of(article, passage)
        made = {"lead": passage.lead_in(article), "article": ArticleReference.model_validate(article)}
        citation = cite_plain(article, passage, base + links.self)
        return cls(**_take(passage, cls) | made, links=links, citation=citation)


class RankedPassage(PassageBody):
    """A passage found for a question."""

    rank: int = Field(ge=1, description="Place in its list; 1 is best.")
    score: float = Field(ge=-1, le=1, description="Cosine of question and passage, higher is better.")
    highlights: tuple[tuple[int, int], ...] = Field(
        description="The sentences that answer best, as offsets into text."
    )


class IndexReference(_Reply):
    """The index that answered."""

    generation: str = Field(description="Its name, which begins with the time it was built.")
    model: str = Field(description="The model that its vectors were made with.")


class AnswerReply(_Reply):
    """What a question gets: passages word for word, or the plain word that there are none."""

    question: str = Field(description="The question as it was asked, trimmed.")
    outcome: Outcome = Field(
        description="answered: the passages answer the question; closest: nothing seems to answer it, these "
        "passages come nearest; none: nothing comes near."
    )
    confidence: float = Field(
        ge=0,
        le=1,
        description="Probability that the first passage answers the question, fitted to questions whose "
        "answers are known and that were asked of all articles: of a hundred such replies with 0.8, about 80 "
        "are right. Asked of one article, it is the same estimate, made of that article's passages.",
    )
    urgency: Urgency = Field(
        description="now: call the emergency number; today: a doctor must see the child today; none: the "
        "question describes neither, which does not mean that all is well."
    )
    urgent: bool = Field(description="True when the urgency is now.")
    language: str | None = Field(description="The question's language (BCP 47) where it is not English.")
    notices: NoticesReply
    passages: tuple[RankedPassage, ...] = Field(
        description="Best first; empty unless the outcome is answered."
    )
    closest: tuple[RankedPassage, ...] = Field(description="Best first; empty unless the outcome is closest.")
    help: tuple[RankedPassage, ...] = Field(
        description="When to get help, from the article of the first passage."
    )
    suggestion: str | None = Field(
        description="The question with misspelt words mended, to be offered; it was not asked."
    )
    index: IndexReference

    @classmethod
    def of(cls, answer: Answer, notices: NoticesReply, base: str) -> Self:
        """``base`` is the address that permalinks in citations begin with."""
        made = {
            "confidence": round(answer.confidence, 4),
            "passages": _rank(answer.matches, base),
            "closest": _rank(answer.closest, base),
            "help": _rank(answer.help, base),
        }
        return cls(**_take(answer, cls) | made, notices=notices, index=IndexReference.model_validate(answer))


class ErrorBody(_Reply):
    """What went wrong."""

    code: str = Field(description="A short name that does not change.")
    message: str = Field(description="What to do, in plain words.")


class RefusedQuestion(_Reply):
    """In place of an answer: a question of a batch that could not be taken, or was not reached in time."""

    question: str
    error: ErrorBody
    urgency: Urgency = Field(description="Of what could be read of the question.")


class BatchReply(_Reply):
    """The answers, in the order of the questions."""

    answers: tuple[AnswerReply | RefusedQuestion, ...]
    notices: NoticesReply

    @classmethod
    def of(cls, answers: Iterable[Answer | Refusal], notices: NoticesReply, base: str) -> Self:
        """One that was refused has its reason in its place."""
        replied = tuple(
            AnswerReply.of(answer, notices, base)
            if isinstance(answer, Answer)
            else RefusedQuestion(**_take(answer, RefusedQuestion), error=ErrorBody.model_validate(answer))
            for answer in answers
        )
        return cls(answers=replied, notices=notices)


class _FixedReply(_Reply):
    """A reply that no question changes."""

    notices: NoticesReply
    index: IndexReference


class PassageReply(_FixedReply):
    """One passage by its id."""

    passage: PassageBody


class VerificationReply(_FixedReply, _Quotation):
    """The proof that a passage is the article's own words; the check is made for this reply."""

    exact: bool = Field(description="True when every check below holds.")
    article_sha256_matches: bool = Field(description="The stored article is unchanged.")
    text_matches: bool = Field(description="The passage's words stand at its place in the article.")
    sha256: str = Field(description="Of the article's text, computed now.")
    before: str = Field(description="The article's words just before the passage.")
    after: str = Field(description="The article's words just after the passage.")

    @classmethod
    def of(cls, article: Article, passage: Passage, notices: NoticesReply, index: IndexReference) -> Self:
        """Hash the article and compare the slice, now."""
        text, start, end = article.text, max(0, passage.start - _CONTEXT), passage.end + _CONTEXT
        # So much more on either side that no word is cut; words are told by the white space between them.
        if start:
            places = range(start, passage.start)
            start = next((place for place in places if text[place - 1].isspace()), passage.start)
        if end < len(text):
            places = range(end, passage.end, -1)
            end = next((place for place in places if text[place].isspace()), passage.end)
        digest = sha256(text.encode()).hexdigest()
        unchanged, verbatim = digest == article.sha256, passage.stands_in(article)
        return cls(
            **_take(passage, cls) | {"article": ArticleReference.model_validate(article)},
            exact=unchanged and verbatim,
            article_sha256_matches=unchanged,
            text_matches=verbatim,
            sha256=digest,
            before=text[start : passage.start],
            after=text[passage.end : end],
            notices=notices,
            index=index,
        )


class ArticleLinks(_Reply):
    """Where an article can be read."""

    self: str = Field(description="The article's page here.")
    source: str = Field(description="The publisher's page.")


class ArticleSummary(ArticleReference):
    """An article, without its text."""

    language: str = Field(description="BCP 47.")
    rights: str = Field(description="Who holds the rights.")
    passages: int = Field(ge=0, description="How many passages it was cut into.")
    links: ArticleLinks

    @classmethod
    def of(cls, article: Article, passages: int) -> Self:
        """Of an article that was cut into so many passages."""
        links = ArticleLinks(self=f"/articles/{article.slug}", source=article.url)
        return cls(**_take(article, cls), passages=passages, links=links)


class ArticlesReply(_FixedReply):
    """Every article, by slug."""

    articles: tuple[ArticleSummary, ...]


class ArticleReply(_FixedReply):
    """One article, whole."""

    article: ArticleSummary
    text: str = Field(description="The whole article, word for word.")
    passages: tuple[PassageBody, ...] = Field(description="In the order in which they stand.")


class WithdrawnBody(_Reply):
    """What a withdrawn passage said."""

    id: str
    text: str = Field(description="Its words, which are to be relied on no more.")
    section: tuple[str, ...]
    article: Source
    withdrawn: date = Field(description="Date since which it is gone.")

    @classmethod
    def of(cls, gone: WithdrawnPassage) -> Self:
        """Of what the store remembers."""
        source = Source(**_take(gone, Source), slug=gone.article)
        return cls(**_take(gone, cls) | {"article": source})


class ErrorReply(_Reply):
    """Every error has this form."""

    error: ErrorBody
    urgency: Urgency = Field(description="Of what could be read of the request.")
    language: str | None = Field(description="Its language (BCP 47) where it is not English.")
    notices: NoticesReply


class WithdrawnReply(ErrorReply):
    """A passage that stood here once; ``withdrawn`` is null when its words are no longer kept."""

    withdrawn: WithdrawnBody | None


def _rank(matches: Iterable[Match], base: str) -> tuple[RankedPassage, ...]:
    return tuple(
        RankedPassage(
            **vars(PassageBody.of(match.article, match.passage, base)),
            rank=rank,
            score=round(match.score, 4),
            highlights=match.highlights,
        )
        for rank, match in enumerate(matches, 1)
    )


def _take(record: object, form: type[BaseModel]) -> dict[str, Any]:
    """Those fields of a form that a record has under the same name."""
    return {name: getattr(record, name) for name in form.model_fields if hasattr(record, name)}
