"""The proof that a passage is the article's own words, made at the moment it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from app.records import Article, Passage

_CONTEXT = 160
"""Characters of the article shown on each side."""


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


def prove_passage(article: Article, passage: Passage) -> Proof:
    """Hash the article and compare the slice, now."""
    digest = sha256(article.text.encode()).hexdigest()
    return Proof(
        sha256=digest,
        article_sha256_matches=digest == article.sha256,
        text_matches=passage.stands_in(article),
        before=article.text[max(0, passage.start - _CONTEXT) : passage.start],
        after=article.text[passage.end : passage.end + _CONTEXT],
    )
