"""For browsers and machines that look after the site: files, icons, search description, health, metrics."""

from __future__ import annotations

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound

from app.answering.replies import ErrorReply
from app.web.errors import render_error
from app.web.site import DAY, reply_json, site

blueprint = Blueprint("system", __name__)
_FORWARDED = {"Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip"}


class _NotReadyReply(ErrorReply):
    """There is no index to answer with; ``degraded`` says why."""

    degraded: str | None


@blueprint.get("/static/<name>")
@blueprint.get("/favicon.ico")
@blueprint.get("/robots.txt")
def serve_file(name: str = "") -> Response:
    """A static file by its hashed name, which never stands for other bytes; what is looked for unasked."""
    found = site().files.get(f"/static/{name}" if name else request.path.rstrip("/"))
    if found is None:
        raise NotFound
    body, content_type, caching = found
    return Response(body, content_type=content_type, headers={"Cache-Control": caching})


@blueprint.get("/opensearch.xml")
def describe_search() -> Response:
    """Lets a browser offer Nightlight as a search engine; there are no suggestions to leak what is typed."""
    response = site().render("opensearch.xml", base=site().base)
    response.content_type = "application/opensearchdescription+xml"
    if site().settings.public_url:  # else it names the host that was asked for, and that only
        response.headers["Cache-Control"] = DAY
    return response


@blueprint.get("/healthz")
def report_alive() -> Response:
    """This process answers."""
    return reply_json({"status": "alive"})


@blueprint.get("/readyz")
def report_ready() -> Response:
    """An index is loaded; which one, and whether it is the newest; else why there is none."""
    current = site().current
    answerer = current.in_use
    if answerer is None:
        return render_error(503, form=_NotReadyReply, degraded=current.degraded)
    status = "degraded" if current.degraded else "ready"
    return reply_json(
        {
            "status": status,
            "degraded": current.degraded,
            "index": {"generation": answerer.generation, "model": answerer.model},
        }
    )


@blueprint.get("/metrics")
def report_metrics() -> Response:
    """Counts and times in the Prometheus text format, for whom the settings name, and not by a proxy."""
    readers = site().settings.metrics_readers or ()
    if request.remote_addr not in readers or any(map(request.headers.get, _FORWARDED)):
        raise NotFound
    return Response(site().metrics.render(), content_type=CONTENT_TYPE_LATEST)
