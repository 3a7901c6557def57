"""Answers and passages as JSON: plain dicts in the forms that app/web/models.py describes, and as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from app.answering.answer import Answerer
from app.answering.citation import cite_plain, lead_of, link_source
from app.answering.proof import Proof
from app.records import Answer, Article, Match, Passage, WithdrawnPassage

Reply = dict[str, Any]
_KEPT = 1024
"""Passages whose fixed parts are kept ready."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Written(str):
    """A part of a reply that is JSON already."""

    __slots__ = ()


def write_json(value: object) -> Written:
    """A value as JSON; words stay as they are, not as escapes."""
    return Written(_ENCODER.encode(value))


def answer_reply(answer: Answer, notices: Reply, base: str) -> Reply:
    """The reply of one question; ``base`` is the address that permalinks in citations begin with."""
    return _lay_out(answer, notices, lambda matches: _ranked(matches, base))


def write_answer(answer: Answer, notices: Written, base: str) -> Written:
    """The same reply as JSON; what no question changes of a passage was written before."""
    return write_fields(_lay_out(answer, notices, lambda matches: _write_ranked(matches, base)))


def write_fields(fields: Mapping[str, object]) -> Written:
    """An object as JSON, some of whose fields may be written already."""
    written = (
        f'"{name}":{value if isinstance(value, Written) else write_json(value)}'
        for name, value in fields.items()
    )
    return Written(f"{{{','.join(written)}}}")


def write_list(items: Iterable[Written]) -> Written:
    """A list as JSON of what is written already."""
    return Written(f"[{','.join(items)}]")


def _lay_out(answer: Answer, notices: object, ranked: Callable[[Iterable[Match]], object]) -> Reply:
    return {
        "question": answer.question,
        "outcome": answer.outcome,
        "confidence": round(answer.confidence, 4),
        "urgency": answer.urgency,
        "urgent": answer.urgent,
        "language": answer.language,
        "notices": notices,
        "passages": ranked(answer.matches),
        "closest": ranked(answer.closest),
        "help": ranked(answer.help),
        "suggestion": answer.suggestion,
        "index": {"generation": answer.generation, "model": answer.model},
    }


@lru_cache(maxsize=_KEPT)
def passage_body(article: Article, passage: Passage, base: str) -> Mapping[str, Any]:
    """A passage with its article, links and citation: the part of a reply that no question changes."""
    links = passage_links(article, passage)
    return {
        "id": passage.id,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "lead": lead_of(article, passage),
        "section": list(passage.section),
        "article": article_reference(article),
        "links": links,
        "citation": cite_plain(article, passage, base + links["self"]),
    }


def passage_links(article: Article, passage: Passage) -> dict[str, str]:
    """The passage's own page, its place in the article here, and the publisher's page."""
    return {
        "self": f"/p/{passage.id}",
        "article": f"/articles/{article.slug}#p-{passage.id}",
        "source": link_source(article, passage),
    }


def article_reference(article: Article) -> Reply:
    """What a passage says of its article."""
    return {
        "slug": article.slug,
        "title": article.title,
        "author": article.author,
        "publisher": article.publisher,
        "url": article.url,
        "retrieved": article.retrieved.isoformat(),
        "reviewed": _iso(article.reviewed),
        "sha256": article.sha256,
    }


def article_summary(article: Article, passages: int) -> Reply:
    """An article without its text."""
    return {
        **article_reference(article),
        "language": article.language,
        "rights": article.rights,
        "passages": passages,
        "links": {"self": f"/articles/{article.slug}", "source": article.url},
    }


def verification_reply(article: Article, passage: Passage, proof: Proof) -> Reply:
    """The proof of a passage, without notices and index."""
    return {
        "id": passage.id,
        "exact": proof.exact,
        "article_sha256_matches": proof.article_sha256_matches,
        "text_matches": proof.text_matches,
        "sha256": proof.sha256,
        "start": passage.start,
        "end": passage.end,
        "before": proof.before,
        "text": passage.text,
        "after": proof.after,
        "article": article_reference(article),
    }


def withdrawn_body(gone: WithdrawnPassage) -> Reply:
    """What a withdrawn passage said."""
    return {
        "id": gone.id,
        "text": gone.text,
        "section": list(gone.section),
        "article": {
            "slug": gone.article,
            "title": gone.title,
            "author": gone.author,
            "publisher": gone.publisher,
            "url": gone.url,
        },
        "withdrawn": gone.withdrawn.isoformat(),
    }


def index_reference(answerer: Answerer) -> Reply:
    """Which index a reply comes from."""
    return {"generation": answerer.generation, "model": answerer.model}


def _ranked(matches: Iterable[Match], base: str) -> list[Reply]:
    return [_ranked_passage(rank, match, base) for rank, match in enumerate(matches, 1)]


def _ranked_passage(rank: int, match: Match, base: str) -> Reply:
    return {**passage_body(match.article, match.passage, base), **_as_found(rank, match)}


def _as_found(rank: int, match: Match) -> Reply:
    """Of a passage, what the question changes."""
    return {
        "rank": rank,
        "score": round(match.score, 4),
        "highlights": [list(span) for span in match.highlights],
    }


def _write_ranked(matches: Iterable[Match], base: str) -> Written:
    return write_list(
        Written(_write_body(match.article, match.passage, base) + write_json(_as_found(rank, match))[1:])
        for rank, match in enumerate(matches, 1)
    )


@lru_cache(maxsize=_KEPT)
def _write_body(article: Article, passage: Passage, base: str) -> str:
    """A passage's fixed part up to the comma that what the question changes follows."""
    return f"{write_json(passage_body(article, passage, base))[:-1]},"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
