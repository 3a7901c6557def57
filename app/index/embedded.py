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


def embedded_text(article: Article, passage: Passage) -> str:
    """Heading path, then the lead-in or header row that stands elsewhere, then the passage."""
    return _introduce(passage) + _tidy(f"{passage.lead_in(article) or ''}\n{passage.text}")


def body_start(passage: Passage) -> int:
    """Where in the embedded text the heading path ends and the passage's own words begin."""
    return len(_introduce(passage))


def embedded_introduction(article: Article, passage: Passage) -> str:
    """Title and heading path, which say what a passage is about that names it nowhere."""
    return _tidy(f"{article.title}: {passage.place}" if passage.section else article.title)


def embedded_sentence(article: Article, sentence: Span) -> str:
    """One sentence, tidied."""
    return _tidy(article.text[slice(*sentence)])


def embedded_hash(*texts: str) -> bytes:
    """What tells that a vector made from these texts can be used again: 16 bytes."""
    return hashlib.sha256("\0".join((_RECIPE, *texts)).encode()).digest()[:16]


def _introduce(passage: Passage) -> str:
    return f"{passage.place}: " if passage.section else ""


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", _MARKER.sub("", text)).strip()
