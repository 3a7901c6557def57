"""For those who answer many parents: many questions at once, and what the articles can answer."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.answering.reports import render_answers
from app.notices import name_sureness
from app.records import Answer
from app.web.extracts import Extract
from app.web.hooks import keep
from app.web.reading import read_batch_form
from app.web.site import site

blueprint = Blueprint("staff", __name__)

_DOWNLOADS = {"csv": ("csv", "csv"), "markdown": ("markdown", "md"), "text": ("plain", "txt")}
"""For each form its kind of text and the ending of its name."""
_ON_A_PAGE = 20
"""Articles whose headings one page lists."""


@blueprint.route("/many", methods=["GET", "POST"])
def answer_many() -> Response:
    """The form for several questions at once; their answers on a page, or as a file; posted, so that no
    address holds a question.
    """
    if request.method != "POST":
        return keep(site().render("many.html", articles=site().current.answerer.articles()))
    asked, form = read_batch_form(k=site().settings.passages)
    answers = site().ask_each(asked)
    if form in _DOWNLOADS:
        kind, ending = _DOWNLOADS[form]
        body = render_answers(answers, form, site().settings.emergency_number, site().base)
        disposition = {"Content-Disposition": f'attachment; filename="answers.{ending}"'}
        return Response(body, content_type=f"text/{kind}; charset=utf-8", headers=disposition)
    levels = [answer.urgency for answer in answers]
    return site().render(
        "many.html",
        articles=site().current.answerer.articles(),
        asked=asked,
        shown=[
            {
                "answer": answer,
                "sure": name_sureness(answer.confidence),
                "first": Extract.of(answer.matches[:1], site().base),
                "help": Extract.of(answer.help, site().base),
            }
            if isinstance(answer, Answer)
            else {"answer": answer, "refused": answer.message}
            for answer in answers
        ],
        urgency=next((level for level in ("now", "today") if level in levels), "none"),
    )


@blueprint.get("/topics")
def list_topics() -> Response:
    """What the articles answer: their headings, each leading to its place."""
    answerer = site().current.answerer
    articles = answerer.articles()
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    first = (max(1, page) - 1) * _ON_A_PAGE
    topics = []
    for article in articles[first : first + _ON_A_PAGE]:
        headings = {passage.section: passage.id for passage in reversed(answerer.passages_of(article.slug))}
        topics.append((article, [(path, id_) for path, id_ in reversed(headings.items()) if path]))
    following = page + 1 if first + _ON_A_PAGE < len(articles) else None
    return keep(site().render("topics.html", topics=topics, page=page, following=following))
