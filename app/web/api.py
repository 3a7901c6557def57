"""The JSON interface: read the question, ask, reply."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import quote

from flask import Blueprint, Response
from pydantic import BaseModel

from app.answering import replies
from app.answering.answer import answer_each
from app.errors import Withdrawn
from app.notices import EXAMPLES
from app.web.errors import render_error
from app.web.hooks import keep
from app.web.reading import read_batch_json, read_question
from app.web.site import reply_json, site

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/answers")
def answer_query() -> Response:
    """Answer one question given in the address."""
    return _answer()


@blueprint.post("/answers")
def answer_json() -> Response:
    """Answer one question given as JSON."""
    return _answer()


@blueprint.post("/answers:batch")
def answer_batch() -> Response:
    """Answer several questions from one index."""
    asked = read_batch_json(k=site().settings.passages)
    answers = site().ask_each(asked)
    return reply_json(replies.BatchReply.of(answers, site().notices, site().base))


@blueprint.get("/passages/<passage_id>")
def show_passage(passage_id: str) -> Response:
    """One passage by its id."""
    answerer = site().current.answerer
    try:
        passage = answerer.passage(passage_id)
    except Withdrawn:
        gone = replies.WithdrawnBody.of(answerer.withdrawn(passage_id))
        return render_error(410, form=replies.WithdrawnReply, withdrawn=gone)
    article = answerer.article(passage.article)
    body = replies.PassageBody.of(article, passage, site().base)
    return keep(reply_json(replies.PassageReply(passage=body, **site().fixed(answerer))))


@blueprint.get("/passages/<passage_id>/verify")
def verify_passage(passage_id: str) -> Response:
    """The proof that a passage is word for word, made now."""
    answerer = site().current.answerer
    passage = answerer.passage(passage_id)
    article = answerer.article(passage.article)
    return keep(reply_json(replies.VerificationReply.of(article, passage, **site().fixed(answerer))))


@blueprint.get("/articles")
def list_articles() -> Response:
    """Every article, without texts."""
    answerer = site().current.answerer
    articles = tuple(
        replies.ArticleSummary.of(article, len(answerer.passages_of(article.slug)))
        for article in answerer.articles()
    )
    return keep(reply_json(replies.ArticlesReply(articles=articles, **site().fixed(answerer))))


@blueprint.get("/openapi.json")
def describe() -> Response:
    """The OpenAPI 3.1 document of all this."""
    return keep(reply_json(site().document))


@blueprint.get("/articles/<slug>")
def show_article(slug: str) -> Response:
    """One article, whole, with its passages."""
    answerer = site().current.answerer
    article = answerer.article(slug)
    passages = tuple(
        replies.PassageBody.of(article, passage, site().base) for passage in answerer.passages_of(slug)
    )
    summary = replies.ArticleSummary.of(article, len(passages))
    reply = replies.ArticleReply(
        article=summary, text=article.text, passages=passages, **site().fixed(answerer)
    )
    return keep(reply_json(reply))


def make_examples() -> dict[str, tuple[str, str]]:
    """For each operation a call and what it replies just now, as JSON; of articles, one passage of one."""
    answerer, base = site().current.answerer, site().base
    question, fixed = EXAMPLES[0], site().fixed(answerer)
    answer = answerer.answer(question, 1)
    passage = (answer.matches or answer.closest)[0].passage
    article = answerer.article(passage.article)
    body = replies.PassageBody.of(article, passage, base)
    summary = replies.ArticleSummary.of(article, len(answerer.passages_of(article.slug)))
    one = replies.AnswerReply.of(answer, site().notices, base)
    each = answer_each(partial(answerer.answer, k=1), (question, ""))
    examples: dict[str, tuple[str, object, BaseModel]] = {
        "answer_query": (f"/answers?q={quote(question)}&k=1", None, one),
        "answer_json": ("/answers", {"question": question, "k": 1}, one),
        "answer_batch": (
            "/answers:batch",
            {"questions": [question, ""], "k": 1},
            replies.BatchReply.of(each, site().notices, base),
        ),
        "show_passage": (f"/passages/{passage.id}", None, replies.PassageReply(passage=body, **fixed)),
        "verify_passage": (
            f"/passages/{passage.id}/verify",
            None,
            replies.VerificationReply.of(article, passage, **fixed),
        ),
        "list_articles": ("/articles", None, replies.ArticlesReply(articles=(summary,), **fixed)),
        "show_article": (
            f"/articles/{article.slug}",
            None,
            replies.ArticleReply(article=summary, text=passage.text, passages=(body,), **fixed),
        ),
    }
    return {
        name: (
            f"curl '{base}/api/v1{path}'"
            + (f" -H 'Content-Type: application/json' -d '{json.dumps(sent)}'" if sent else ""),
            reply.model_dump_json(indent=1),
        )
        for name, (path, sent, reply) in examples.items()
    }


def _answer() -> Response:
    asked = read_question(k=site().settings.passages)
    answer = site().ask(site().current.answerer, asked.question, asked.k, asked.article)
    return reply_json(replies.AnswerReply.of(answer, site().notices, site().base))
