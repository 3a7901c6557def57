"""The reply to bytes that never became a request: too long a line, broken headers, a wrong protocol."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.exceptions import default_exceptions


def render_refusal(app: Flask, status: int) -> bytes:
    """The error page for ``status`` as a whole HTTP reply, after which the connection is closed."""
    host = (app.config["TRUSTED_HOSTS"] or ["localhost"])[0]
    with app.test_request_context("/", base_url=f"http://{host}"):
        page = app.make_response(app.handle_user_exception(default_exceptions[status]()))
        page = app.process_response(page)
    page.headers["Connection"] = "close"
    return write_reply(page)


def write_reply(reply: Response) -> bytes:
    """Status line, headers and body as they go over the wire (RFC 9112)."""
    lines = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in reply.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.get_data()
