"""Every failure becomes words here, in one form, with the notices; no question is logged or told."""

from __future__ import annotations

import logging
from contextlib import suppress
from itertools import product
from math import ceil
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from app.answering.replies import ErrorBody, ErrorReply, WithdrawnReply
from app.answering.triage import triage
from app.errors import GenerationError, NotFound, QuestionError, TooLate, Withdrawn, describe_fault
from app.limits import QUESTION
from app.notices import REFUSALS
from app.web.hooks import add_headers, write_line
from app.web.reading import read_refused
from app.web.site import SITE, Site, reply_json, site

logger = logging.getLogger(__name__)

_JSON_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    410: "withdrawn",
    413: "too_large",
    414: "too_long_address",
    415: "unsupported_type",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}
_LOOKED_AT = 1000
"""Bytes of an address, and of a body, in which an emergency is looked for at the door."""
_ONCE = 10 * QUESTION
"""What ``HEARD`` allows in a second: with this each household is heard once in it."""
_PAGE, _PROGRAM = "/", "/api/v1/answers"
_RETRY_SECONDS = "10"
_BUSY_SECONDS = "3"


def prefers_json() -> bool:
    """Whether the request would rather have JSON than a page."""
    if "json" not in request.headers.get("Accept", ""):
        return False
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def render_error(
    status: int,
    code: str = "",
    message: str = "",
    *,
    form: type[ErrorReply] = ErrorReply,
    retry: str = "",
    **extra: Any,
) -> Response:
    """The one error form, as JSON or as the page with what was typed; it tells an emergency that it hides.

    ``retry`` is the number of seconds after which to come back; ``extra`` what ``form`` holds besides.
    """
    said, typed = read_refused()
    found, code = triage(said)._asdict(), code or _CODES[status]
    message = message or REFUSALS[code]
    if request.path.startswith(_JSON_PATHS) or prefers_json():
        error = ErrorBody(code=code, message=message)
        response = reply_json(form(error=error, notices=site().notices, **found, **extra), status)
    else:
        question = typed if status in (400, 429, 503, 500) else ""
        response = site().render(
            "error.html", status, message=message, code=status, question=question, **found
        )
    if retry:
        response.headers["Retry-After"] = retry
    return response


def _render_busy() -> Response:
    """503 with when to come back: there are more questions than can be answered."""
    return render_error(503, "busy", retry=_BUSY_SECONDS)


def refuse(app: Flask, status: int, head: bytes, household: str, wait: float = 0) -> bytes:
    """A whole HTTP reply (RFC 9112) to a request that got no further than its ``head``, counted and logged.

    ``head`` is what came of it, which may be the beginning of its body too. Replies are made beforehand,
    because a flood of them must cost next to nothing and must not fail; and anew, so that an emergency is
    told, for what each household says once a second, and all of them ten times.
    """
    shared: Site = app.extensions[SITE]
    shared.metrics.count_response("none", "other", status)
    write_line(status, shared.current.generation)
    target, _, query = head.partition(b"\r\n")[0].partition(b" ")[2].partition(b"?")
    path = _PROGRAM if target.decode("latin-1").startswith(_JSON_PATHS) else _PAGE
    # Without the name of the question's field: whoever was not let in does not get it back.
    said = [part[:_LOOKED_AT].replace(b"q=", b"") for part in (query, head.partition(b"\r\n\r\n")[2])]
    reply = shared.refusals[status, path]
    if any(said) and not shared.heard.take(household, _ONCE) and not shared.heard.take("anybody", QUESTION):
        with suppress(Exception):  # nobody else would answer
            reply = _make_refusal(app, status, path, *said)
    return reply.replace(b"\r\n", b"\r\nRetry-After: %d\r\n" % ceil(wait), 1) if wait else reply


def _make_refusal(app: Flask, status: int, path: str, query: bytes = b"", body: bytes = b"") -> bytes:
    host, method = (app.config["TRUSTED_HOSTS"] or ["localhost"])[0], "POST" if body else "GET"
    asked = query.decode("utf-8", "replace")
    with app.test_request_context(
        path, base_url=f"http://{host}", query_string=asked, method=method, data=body
    ):
        reply = add_headers(_render_busy() if status == 503 else render_error(status))
        lines = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in reply.headers)]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + reply.get_data()


def init_errors(app: Flask) -> None:
    """Register one handler for each branch of the exception tree."""
    app.register_error_handler(QuestionError, lambda error: render_error(400, error.code, str(error)))
    app.register_error_handler(NotFound, lambda _error: render_error(404))
    app.register_error_handler(
        Withdrawn, lambda _error: render_error(410, form=WithdrawnReply, withdrawn=None)
    )
    app.register_error_handler(TooLate, lambda _error: _render_busy())

    @app.errorhandler(GenerationError)
    def say_that_no_index_is_ready(error: GenerationError) -> Response:
        logger.error("no index to answer with: %s", type(error).__name__)
        return render_error(503, retry=_RETRY_SECONDS)

    @app.errorhandler(HTTPException)
    def put_into_our_form(error: HTTPException) -> Response:
        """Flask's and Werkzeug's own refusals, with their headers."""
        status = error.code if error.code in _CODES else 400 if (error.code or 500) < 500 else 500
        response = render_error(status)
        for name, value in error.get_headers(request.environ):
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def say_that_we_failed(error: Exception) -> Response:
        logger.error("unexpected %s in request %s", describe_fault(error, 3), g.get("request_id"))
        return render_error(500)

    # Where even a handler fails, Flask would log the address; connections.py tells of it.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # noqa: ARG005


def prepare_refusals(app: Flask) -> None:
    """Make the replies that ``refuse`` gives, and read the rules and languages that it asks, which would hold
    up the first question and those behind it.
    """
    triage("zqx")  # of no language that it knows: it looks everywhere
    shared: Site = app.extensions[SITE]
    for status, path in product((400, 414, 429, 500, 503), (_PAGE, _PROGRAM)):
        shared.refusals[status, path] = _make_refusal(app, status, path)
