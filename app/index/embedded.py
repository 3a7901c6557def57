"""The copy of a text that the model sees: heading path and words, tidied. What is stored and shown is not.

A passage is embedded under its heading path, which says what it is about. A sentence is embedded alone:
measured beside each other, that finds the better sentence, and the passage's own vector has the headings.
What names its subject, the article's title and the heading path, is seen once more by itself, for late
interaction to find: "Red flags: go today" does not say what it is about.
"""

from __future__ import annotations

import hashlib
import re

from app.corpus.structure import BULLET
from app.records import Article, Passage, Span

_MARKER = re.compile(rf"^[ \t]*(?:{BULLET.pattern})", re.MULTILINE)
_SPACE = re.compile(r"\s+")

_RECIPE = "4"
"""Part of every hash: change it with this module, so that no vector made from another copy is used again."""


def embedded_passage(article: Article, passage: Passage) -> tuple[str, str, int]:
    """What introduces a passage, its text under its heading path, and where in this its own words begin.

    Title and heading path introduce it. The text begins with the lead-in or header row that stands elsewhere.
    """
    introduction = f"{article.title}: {passage.place}" if passage.section else article.title
    headings = f"{passage.place}: " if passage.section else ""
    words = _tidy(f"{passage.lead_in(article) or ''}\n{passage.text}")
    return _tidy(introduction), headings + words, len(headings)


def embedded_sentence(article: Article, sentence: Span) -> str:
    """One sentence, tidied."""
    return _tidy(article.text[slice(*sentence)])


def embedded_hash(*texts: str) -> bytes:
    """What tells that a vector made from these texts can be used again: 16 bytes."""
    return hashlib.sha256("\0".join((_RECIPE, *texts)).encode()).digest()[:16]


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", _MARKER.sub("", text)).strip()
