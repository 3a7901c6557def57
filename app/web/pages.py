"""The pages: read the question, ask, render."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, request

from app.answering.proof import Proof
from app.answering.question import MAX_PASSAGES
from app.answering.reassurance import find_help
from app.answering.withdrawal import successor_of
from app.errors import NotFound, Withdrawn
from app.notices import name_sureness
from app.web import api
from app.web.errors import prefers_json
from app.web.extracts import Extract, make_extracts
from app.web.headers import FOR_BACK, keep
from app.web.models import QuestionRequest
from app.web.openapi import list_forms, list_operations
from app.web.reading import read_question_form, read_question_query
from app.web.site import site
from app.web.typeset import lay_out_article
from app.web.words import STATEMENT_DATE, name_figures

blueprint = Blueprint("pages", __name__)
_SAME_AS_JSON: dict[str, Callable[..., Response]] = {
    "pages.show_passage": api.show_passage,
    "pages.list_articles": api.list_articles,
    "pages.show_article": api.show_article,
}


@blueprint.before_request
def reply_to_programs() -> Response | None:
    """Who asks a page's address for JSON gets what the page shows as the API replies it."""
    view = _SAME_AS_JSON.get(request.endpoint or "")
    return view(**request.view_args or {}) if view and prefers_json() else None


@blueprint.after_request
def tell_caches(response: Response) -> Response:
    """That one address has two forms."""
    if request.endpoint in _SAME_AS_JSON:
        response.vary.add("Accept")
    return response


@blueprint.get("/")
def search() -> Response:
    """The search box, or the answer to the question in the address."""
    if "q" not in request.args:
        return keep(site().render("search.html", articles=site().current.answerer.articles()))
    return _answer(read_question_query(k=site().settings.passages, strict=False))


@blueprint.post("/")
def search_privately() -> Response:
    """The answer to a question that was posted, so that no address holds it."""
    response = _answer(read_question_form(k=site().settings.passages))
    response.headers["Cache-Control"] = FOR_BACK
    return response


@blueprint.get("/p/<passage_id>")
def show_passage(passage_id: str) -> Response:
    """A passage's permanent page, in its context, with its citation and proof."""
    answerer = site().current.answerer
    try:
        passage = answerer.passage(passage_id)
    except Withdrawn:
        gone = answerer.withdrawn(passage_id)
        try:
            article = answerer.article(gone.article)
        except NotFound:
            return keep(site().render("withdrawn.html", gone=gone, now=None))
        successor = successor_of(gone, answerer.passages_of(gone.article))
        now = Extract(article, successor, site().base) if successor else None
        return keep(site().render("withdrawn.html", gone=gone, article=article, now=now))
    article = answerer.article(passage.article)
    extract = Extract(article, passage, site().base)
    return keep(site().render("passage.html", extract=extract, proof=Proof.of(article, passage)))


@blueprint.get("/articles")
def list_articles() -> Response:
    """Every article, with its source."""
    return keep(site().render("articles.html", articles=site().current.answerer.articles()))


@blueprint.get("/articles/<slug>")
def show_article(slug: str) -> Response:
    """One article, whole and word for word, each passage with an address of its own."""
    answerer = site().current.answerer
    article = answerer.article(slug)
    parts = list(lay_out_article(article, answerer.passages_of(slug)))
    return keep(site().render("article.html", article=article, parts_of_article=parts))


@blueprint.get("/about")
def show_about() -> Response:
    """How answers are found, what is logged, how good they are, who is responsible."""
    about = site().current.answerer.about()
    return keep(site().render("about.html", built=about.get("built"), figures=name_figures(about)))


@blueprint.get("/api")
def show_api() -> Response:
    """The readable page of the OpenAPI document."""
    document = site().document
    operations, forms = list(list_operations(document)), list(list_forms(document))
    return keep(site().render("api.html", operations=operations, forms=forms, calls=api.make_examples()))


@blueprint.get("/accessibility")
def show_accessibility() -> Response:
    """The accessibility statement."""
    return keep(site().render("accessibility.html", statement_date=STATEMENT_DATE))


def _answer(asked: QuestionRequest) -> Response:
    answerer, base = site().current.answerer, site().base
    answer = site().ask(answerer, asked.question, asked.k, asked.article)
    urgent = answer.urgency != "none"
    found = find_help(answerer, answer) if urgent else None
    first_help = Extract(*found, base) if found else None
    shown = [
        extract
        for extract in make_extracts(answer.matches or answer.closest, base)
        if not first_help or extract.passage.id != first_help.passage.id
    ]
    return site().render(
        "answer.html",
        answer=answer,
        urgency=answer.urgency,
        language=answer.language,
        question=asked.question,
        article=answerer.article(asked.article) if asked.article else None,
        more=MAX_PASSAGES if len(shown) == asked.k < MAX_PASSAGES else None,
        day=date.today(),
        extracts=shown,
        sources=len({extract.article.slug for extract in shown}),
        sure=name_sureness(answer.confidence),
        first_help=first_help,
        help=make_extracts(answer.help, base),
    )
