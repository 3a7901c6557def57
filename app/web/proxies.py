"""Whose word counts on where a request came from: that of proxies which the settings name, nobody else's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

Application = Any
"""A WSGI application; werkzeug's own type is for checkers only."""


def trust_proxies(application: Application, proxies: Iterable[str]) -> Application:
    """Take address and scheme from the forwarding headers of these proxies, and of no other sender."""
    trusted = frozenset(proxies)
    if not trusted:
        return application
    forwarded = ProxyFix(application, x_for=1, x_proto=1, x_host=0)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        believed = environ.get("REMOTE_ADDR") in trusted
        return (forwarded if believed else application)(environ, start_response)

    return answer
