"""The proof that a passage is the article's own words, made at the moment it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from app.records import Article, Passage

_CONTEXT = 160
"""Characters of the article shown on each side, less a word that would be cut."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was checked just now, and the article's words around the passage."""

    sha256: str
    article_sha256_matches: bool
    text_matches: bool
    before: str
    after: str

    @property
    def exact(self) -> bool:
        """True when the stored article is unchanged and holds the passage at its place."""
        return self.article_sha256_matches and self.text_matches

    @classmethod
    def of(cls, article: Article, passage: Passage) -> Self:
        """Hash the article and compare the slice, now."""
        text, start, end = article.text, max(0, passage.start - _CONTEXT), passage.end + _CONTEXT
        # So much more on either side that no word is cut; words are told by the white space between them.
        if start:
            places = range(start, passage.start)
            start = next((place for place in places if text[place - 1].isspace()), passage.start)
        if end < len(text):
            places = range(end, passage.end, -1)
            end = next((place for place in places if text[place].isspace()), passage.end)
        digest = sha256(article.text.encode()).hexdigest()
        return cls(
            sha256=digest,
            article_sha256_matches=digest == article.sha256,
            text_matches=passage.stands_in(article),
            before=text[start : passage.start],
            after=text[passage.end : end],
        )
