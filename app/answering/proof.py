"""The proof that a passage is the article's own words, made at the moment it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from app.records import Article, Passage, Span

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


def prove_passage(article: Article, passage: Passage) -> Proof:
    """Hash the article and compare the slice, now."""
    start, end = _find_context(article.text, passage.start, passage.end)
    digest = sha256(article.text.encode()).hexdigest()
    return Proof(
        sha256=digest,
        article_sha256_matches=digest == article.sha256,
        text_matches=passage.stands_in(article),
        before=article.text[start : passage.start],
        after=article.text[passage.end : end],
    )


def _find_context(text: str, start: int, end: int) -> Span:
    """So much more on either side that no word is cut; words are told by the white space between them."""
    low, high = max(0, start - _CONTEXT), min(len(text), end + _CONTEXT)
    if low:
        low = next((place for place in range(low, start) if text[place - 1].isspace()), start)
    if high < len(text):
        high = next((place for place in range(high, end, -1) if text[place].isspace()), end)
    return low, high
