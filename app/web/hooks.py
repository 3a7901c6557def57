"""Before and after every view: bounds, headers, counts, one line of log.

The headers: nothing from elsewhere, nothing kept, nobody told. The line: which route, how it went, how long
it took; never what was asked, or by whom.
"""

from __future__ import annotations

import json
import logging
from bisect import bisect_left
from secrets import token_hex
from time import monotonic

from flask import Response, g, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.limits import QUESTION, REQUEST
from app.web.site import site

_MAX_BODY, _MAX_BATCH_BODY = 8 * 1024, 256 * 1024
"""Fifty questions of 1,000 characters need more room than one."""
_BATCHES = {("POST", "api.answer_batch"), ("POST", "staff.answer_many")}
_TWO_FORMS = {"pages.show_passage", "pages.list_articles", "pages.show_article"}
"""Views of pages whose addresses give JSON to who asks for it."""
_METHODS = frozenset({"GET", "HEAD", "POST"})
_LENGTHS = (0, 25, 50, 100, 200, 500, 1000)
_log = logging.getLogger("nightlight.requests")
_log.setLevel(logging.INFO)

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_OFF = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb", "browsing-topics")
SECURITY_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF) + ", clipboard-write=(self)",
}
_STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"
_NO_STORE = "no-store"
_REVALIDATE = "no-cache"
FOR_BACK = "private, no-cache"
"""Of an answer to a posted question: the reader's own browser may keep it to go back to, and nobody else."""


def begin_request() -> None:
    """Take the time, since when the request waits, and give it a name that says nothing; charge for a
    question, whatever it is: that is read later; refuse a large body, of which only the first is read.
    """
    g.started = request.environ.get("nightlight.began") or monotonic()
    g.request_id = token_hex(8)
    if "HTTP_HOST" not in request.environ and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise BadRequest  # RFC 9112, 3.2
    asks = request.path == "/" or request.path.startswith("/api/v1/answers")
    if request.method == "POST" or (asks and request.query_string):
        site().charge(QUESTION - REQUEST)
    limit = _MAX_BATCH_BODY if (request.method, request.endpoint) in _BATCHES else _MAX_BODY
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    # One more than may be: a chunked body is cut there, which shows that it is too long.
    request.max_content_length = limit + 1


def finish_request(response: Response) -> Response:
    """Set the headers; count and log the request by its route's template, never by its address."""
    if request.endpoint in _TWO_FORMS:
        response.vary.add("Accept")
    add_headers(response)
    route = request.url_rule.rule if request.url_rule else None
    method = request.method if request.method in _METHODS else "other"
    site().metrics.count_response(route or "none", method, response.status_code)
    began = g.get("started")
    write_line(
        response.status_code,
        site().current.generation,
        route=route,
        ms=None if began is None else round((monotonic() - began) * 1000, 1),
        outcome=g.get("outcome"),
        length=g.get("length"),
        request=g.get("request_id"),
    )
    return response


def add_headers(response: Response) -> Response:
    """Security headers on every response; what a view did not mark as storable is not stored."""
    headers = response.headers
    # No view sets one of these, and looking through all for each takes longer than everything else here.
    headers.extend(SECURITY_HEADERS)
    if request.is_secure:
        headers.add("Strict-Transport-Security", _STRICT_TRANSPORT)
    caching = headers.get("Cache-Control")
    if caching is None:
        headers.add("Cache-Control", _NO_STORE)
    if caching in (None, _NO_STORE, FOR_BACK):
        headers.add("X-Robots-Tag", "noindex")
    return response


def keep(response: Response) -> Response:
    """Kept by a browser only if it asks again: no question stands in it, but a new index may change it."""
    response.headers["Cache-Control"] = _REVALIDATE
    return response


def write_line(
    status: int,
    generation: str | None,
    *,
    route: str | None = None,
    ms: float | None = None,
    outcome: str | None = None,
    length: int | None = None,
    request: str | None = None,
) -> None:
    """The only place that writes a line: these fields and no others, few of what never became a request.

    ``length`` of a question in characters is told by its bucket: "26-50".
    """
    bucket = None
    if length is not None:
        place = bisect_left(_LENGTHS, length)
        least = _LENGTHS[place - 1] + 1 if place else 0
        bucket = f"{least}-{_LENGTHS[place] if place < len(_LENGTHS) else ''}" if length else "0"
    fields = {"route": route, "status": status, "ms": ms, "generation": generation}
    _log.info(json.dumps({**fields, "outcome": outcome, "length": bucket, "request": request}))
