"""The pages: read the question, ask, render."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, Response, request

from app.answering.question import MAX_PASSAGES
from app.answering.reassurance import find_help
from app.answering.replies import VerificationReply
from app.errors import NotFound, Withdrawn
from app.notices import FIGURES, name_sureness
from app.web import api
from app.web.errors import prefers_json
from app.web.extracts import Extract
from app.web.hooks import FOR_BACK, keep
from app.web.openapi import explain_document
from app.web.reading import read_question
from app.web.site import site
from app.web.typeset import lay_out_article

blueprint = Blueprint("pages", __name__)


@blueprint.route("/", methods=["GET", "POST"])
def search() -> Response:
    """The search box, or the answer to a question: in the address or, so that none holds it, posted."""
    posted = request.method == "POST"
    if not posted and "q" not in request.args:
        return keep(site().render("search.html", articles=site().current.answerer.articles()))
    asked = read_question(k=site().settings.passages, page=True)
    answerer, base = site().current.answerer, site().base
    answer = site().ask(answerer, asked.question, asked.k, asked.article)
    urgent = answer.urgency != "none"
    found = find_help(answerer, answer) if urgent else None
    first_help = Extract(*found, base) if found else None
    shown = [
        extract
        for extract in Extract.of(answer.matches or answer.closest, base)
        if not first_help or extract.passage.id != first_help.passage.id
    ]
    response = site().render(
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
        help=Extract.of(answer.help, base),
    )
    if posted:
        response.headers["Cache-Control"] = FOR_BACK
    return response


@blueprint.get("/p/<passage_id>")
def show_passage(passage_id: str) -> Response:
    """A passage's permanent page, in its context, with its citation and proof."""
    if prefers_json():
        return api.show_passage(passage_id)
    answerer = site().current.answerer
    try:
        passage = answerer.passage(passage_id)
    except Withdrawn:
        gone = answerer.withdrawn(passage_id)
        try:
            article = answerer.article(gone.article)
        except NotFound:
            return keep(site().render("withdrawn.html", gone=gone, now=None))
        successor = gone.succeeded_by(answerer.passages_of(gone.article))
        now = Extract(article, successor, site().base) if successor else None
        return keep(site().render("withdrawn.html", gone=gone, article=article, now=now))
    article = answerer.article(passage.article)
    extract = Extract(article, passage, site().base)
    proof = VerificationReply.of(article, passage, **site().fixed(answerer))
    return keep(site().render("passage.html", extract=extract, proof=proof))


@blueprint.get("/articles")
def list_articles() -> Response:
    """Every article, with its source."""
    if prefers_json():
        return api.list_articles()
    return keep(site().render("articles.html", articles=site().current.answerer.articles()))


@blueprint.get("/articles/<slug>")
def show_article(slug: str) -> Response:
    """One article, whole and word for word, each passage with an address of its own."""
    if prefers_json():
        return api.show_article(slug)
    answerer = site().current.answerer
    article = answerer.article(slug)
    parts = list(lay_out_article(article, answerer.passages_of(slug)))
    return keep(site().render("article.html", article=article, parts_of_article=parts))


@blueprint.get("/about")
def show_about() -> Response:
    """How answers are found, what is logged, how good they are, who is responsible."""
    about = site().current.answerer.about()
    stored = about.get("figures")
    found = stored if isinstance(stored, Mapping) else {}
    shown = {label: found[name] for name, label in FIGURES.items() if name in found}
    figures = [(label, f"{n:.0%}" if isinstance(n, float) else str(n)) for label, n in shown.items()]
    return keep(site().render("about.html", built=about.get("built"), figures=figures))


@blueprint.get("/api")
def show_api() -> Response:
    """The readable page of the OpenAPI document."""
    document = site().document
    operations, forms = explain_document(document)
    return keep(site().render("api.html", operations=operations, forms=forms, calls=api.make_examples()))


@blueprint.get("/accessibility")
def show_accessibility() -> Response:
    """The accessibility statement."""
    return keep(site().render("accessibility.html"))
