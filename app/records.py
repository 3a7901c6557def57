"""The nouns that every part of Nightlight speaks in. All are immutable; none does any I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

Span = tuple[int, int]
"""``[start, end)`` in characters (Unicode code points)."""

_WORD = re.compile(r"\w+")
_ENOUGH = 0.3
"""Share of words in common below which two passages say different things."""

Outcome = Literal["answered", "closest", "none"]
Urgency = Literal["now", "today", "none"]
"""*now*: call the emergency number; *today*: a doctor must see the child today."""


@dataclass(frozen=True, slots=True)
class Article:
    """A source text, byte for byte, and what is known about it."""

    slug: str
    title: str
    publisher: str
    url: str
    retrieved: date
    rights: str
    text: str
    sha256: str
    """Of the file's bytes."""
    author: str | None = None
    reviewed: date | None = None
    language: str = "en"
    exclude: tuple[str, ...] = ()
    """First words of lines that are not content (a byline, a biography)."""
    when_to_get_help: tuple[str, ...] = ()
    """Headings whose sections say when to seek help."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of an article's text: ``article.text[start:end] == text``, always."""

    id: str
    article: str
    """The article's slug."""
    start: int
    end: int
    text: str
    section: tuple[str, ...]
    sentences: tuple[Span, ...] = ()
    """Sentences, list items and table rows, as offsets into the article."""
    lead: Span | None = None
    """Offsets in the article of the header row or lead-in that a later part of a long table or list needs."""
    fragment: str | None = None
    """The text fragment that marks the passage on a page with the article's words; None if none does."""

    def __post_init__(self) -> None:
        if self.end - self.start != len(self.text):
            raise ValueError(
                f"passage {self.id}: [{self.start}, {self.end}) holds {self.end - self.start} characters, "
                f"its text {len(self.text)}"
            )

    @property
    def place(self) -> str:
        """The headings it stands under, from the outermost inwards, in one line, or nothing."""
        return " > ".join(self.section)

    def lead_in(self, article: Article) -> str | None:
        """The header row or lead-in that it needs above it, word for word."""
        return article.text[slice(*self.lead)] if self.lead else None

    def stands_in(self, article: Article) -> bool:
        """Whether the article holds these very words at this place."""
        return article.text[self.start : self.end] == self.text


def name_passage(slug: str, text: str, repeat: int = 0) -> str:
    """A name that outlives re-indexing: it hangs on the article's slug and the passage's words alone.

    ``repeat`` tells apart the same words standing in one article for a second time.
    """
    content = "\0".join((slug, text, str(repeat)) if repeat else (slug, text))
    return sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class WithdrawnPassage:
    """What a passage said before its article was edited or removed, and where it stood."""

    id: str
    text: str
    section: tuple[str, ...]
    article: str
    """The article's slug; the article itself may be gone."""
    title: str
    publisher: str
    url: str
    withdrawn: date
    author: str | None = None

    def succeeded_by(self, passages: Sequence[Passage]) -> Passage | None:
        """Which of its article's passages stands in its place: the nearest to its words, of its section or,
        where that is no more, of all, if it says much the same.
        """

        def likeness(passage: Passage) -> float:
            first, second = (set(_WORD.findall(text.lower())) for text in (self.text, passage.text))
            return len(first & second) / (len(first | second) or 1)

        here = [passage for passage in passages if passage.section == self.section]
        nearest = max(here or passages, key=likeness, default=None)
        return nearest if nearest and (here or likeness(nearest) >= _ENOUGH) else None


@dataclass(frozen=True, slots=True)
class Match:
    """A passage found for a question."""

    passage: Passage
    article: Article
    score: float
    """Cosine of question and passage, higher is better; the order of matches says more than this."""
    highlights: tuple[Span, ...] = ()
    """The sentences that answer best, as offsets into ``passage.text``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets: passages word for word, or the plain word that there are none."""

    question: str
    outcome: Outcome
    confidence: float
    """Probability, 0 to 1, that the first passage answers the question."""
    urgency: Urgency
    matches: tuple[Match, ...]
    """Best first; filled only when the outcome is ``answered``."""
    closest: tuple[Match, ...]
    """Best first; filled only when the outcome is ``closest``."""
    generation: str
    model: str
    help: tuple[Match, ...] = ()
    """When to get help, from the article of a first passage that may reassure."""
    suggestion: str | None = None
    """The question with misspelt words mended, to be offered; the question answered is the one typed."""
    language: str | None = None
    """The language of a question that is not in English, where it is known (BCP 47)."""

    @property
    def urgent(self) -> bool:
        """Whether the emergency number must be called now."""
        return self.urgency == "now"


@dataclass(frozen=True, slots=True)
class Refusal:
    """In place of an Answer: a question that could not be taken, and what to do about it."""

    question: str
    code: str
    message: str
    urgency: Urgency = "none"
    """Of what could be read of it."""
