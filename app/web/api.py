"""The JSON interface: read the question, ask, reply."""

from __future__ import annotations

from flask import Blueprint, Response

from app.answering import replies
from app.answering.answer import Answerer
from app.answering.proof import prove_passage
from app.errors import Withdrawn
from app.notices import WITHDRAWN
from app.records import Article
from app.web.errors import render_error
from app.web.headers import REVALIDATE
from app.web.models import QuestionRequest
from app.web.reading import read_batch_json, read_question_json, read_question_query
from app.web.site import reply_json, send_json, site

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/answers")
def answer_query() -> Response:
    """Answer one question given in the address."""
    return _answer(read_question_query(k=site().settings.passages, strict=True))


@blueprint.post("/answers")
def answer_json() -> Response:
    """Answer one question given as JSON."""
    return _answer(read_question_json(k=site().settings.passages))


@blueprint.post("/answers:batch")
def answer_batch() -> Response:
    """Answer several questions from one index."""
    asked = read_batch_json(k=site().settings.passages)
    answerer = site().current.answerer
    answers = [site().ask(answerer, question, asked.k) for question in asked.questions]
    notices, base = site().written_notices, site().base
    replied = replies.write_list(replies.write_answer(answer, notices, base) for answer in answers)
    return send_json(replies.write_fields({"answers": replied, "notices": notices}))


@blueprint.get("/passages/<passage_id>")
def show_passage(passage_id: str) -> Response:
    """One passage by its id."""
    answerer = site().current.answerer
    try:
        passage = answerer.passage(passage_id)
    except Withdrawn:
        body = replies.withdrawn_body(answerer.withdrawn(passage_id))
        return render_error(410, "withdrawn", WITHDRAWN, withdrawn=body)
    article = answerer.article(passage.article)
    return _with_index(answerer, {"passage": replies.passage_body(article, passage, site().base)})


@blueprint.get("/passages/<passage_id>/verify")
def verify_passage(passage_id: str) -> Response:
    """The proof that a passage is word for word, made now."""
    answerer = site().current.answerer
    passage = answerer.passage(passage_id)
    article = answerer.article(passage.article)
    proof = prove_passage(article, passage)
    return _with_index(answerer, replies.verification_reply(article, passage, proof))


@blueprint.get("/articles")
def list_articles() -> Response:
    """Every article, without texts."""
    answerer = site().current.answerer
    articles = [_summary(answerer, article) for article in answerer.articles()]
    return _with_index(answerer, {"articles": articles})


@blueprint.get("/openapi.json")
def describe() -> Response:
    """The OpenAPI 3.1 document of all this."""
    response = reply_json(site().document)
    response.headers["Cache-Control"] = REVALIDATE
    return response


@blueprint.get("/articles/<slug>")
def show_article(slug: str) -> Response:
    """One article, whole, with its passages."""
    answerer = site().current.answerer
    article = answerer.article(slug)
    passages = [replies.passage_body(article, passage, site().base) for passage in answerer.passages_of(slug)]
    summary = replies.article_summary(article, len(passages))
    return _with_index(answerer, {"article": summary, "text": article.text, "passages": passages})


def _answer(asked: QuestionRequest) -> Response:
    answerer = site().current.answerer
    answer = site().ask(answerer, asked.question, asked.k)
    return send_json(replies.write_answer(answer, site().written_notices, site().base))


def _summary(answerer: Answerer, article: Article) -> replies.Reply:
    return replies.article_summary(article, len(answerer.passages_of(article.slug)))


def _with_index(answerer: Answerer, payload: replies.Reply) -> Response:
    index = replies.index_reference(answerer)
    response = reply_json({**payload, "notices": site().notices, "index": index})
    response.headers["Cache-Control"] = REVALIDATE
    return response
