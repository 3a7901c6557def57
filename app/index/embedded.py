"""The copy of a text that the model sees: heading path and words, tidied. What is stored and shown is not."""

from __future__ import annotations

import hashlib
import re

from app.records import Article, Passage, Span

_BULLET = re.compile(r"^[ \t]*[•◦▪‣·*–-][ \t]*", re.MULTILINE)
_SPACE = re.compile(r"\s+")


def embedded_heading(passage: Passage) -> str:
    """The heading path in one line."""
    return " > ".join(passage.section)


def embedded_text(article: Article, passage: Passage) -> str:
    """Heading path, then the lead-in or header row that stands elsewhere, then the passage."""
    lead = article.text[slice(*passage.lead)] if passage.lead else ""
    return _compose(embedded_heading(passage), f"{lead}\n{passage.text}")


def embedded_sentence(article: Article, passage: Passage, sentence: Span) -> str:
    """Heading path, then one sentence of the passage."""
    return _compose(embedded_heading(passage), article.text[slice(*sentence)])


def embedded_hash(text: str) -> bytes:
    """What tells that a vector can be used again: 16 bytes."""
    return hashlib.sha256(text.encode()).digest()[:16]


def _compose(heading: str, text: str) -> str:
    body = _SPACE.sub(" ", _BULLET.sub("", text)).strip()
    return f"{heading}: {body}" if heading else body
