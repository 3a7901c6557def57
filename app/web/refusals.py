"""The reply to bytes that never became a request: too long a line, broken headers, a wrong protocol."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.exceptions import default_exceptions

from app.web.errors import render_busy
from app.web.log import log_refusal
from app.web.site import SITE, Site

PAGE, PROGRAM = "/", "/api/v1/answers"
"""Addresses whose replies are a page, and JSON."""


def render_refusal(app: Flask, status: int, path: str = PAGE) -> bytes:
    """The error reply for ``status`` as it goes over the wire, after which the connection is closed."""
    host = (app.config["TRUSTED_HOSTS"] or ["localhost"])[0]
    with app.test_request_context(path, base_url=f"http://{host}"):
        error = default_exceptions[status]()
        reply = render_busy() if status == 503 else app.make_response(app.handle_user_exception(error))
        reply = app.process_response(reply)
    reply.headers["Connection"] = "close"
    return write_reply(reply)


def count_refusal(app: Flask, status: int) -> None:
    """Count and log a refusal whose reply was made before."""
    site: Site = app.extensions[SITE]
    site.metrics.count_response("none", "other", status)
    log_refusal(status, site.current.generation)


def write_reply(reply: Response) -> bytes:
    """Status line, headers and body as they go over the wire (RFC 9112)."""
    lines = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in reply.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.get_data()
