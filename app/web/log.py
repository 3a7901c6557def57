"""One line of log a request: which route, how it went, how long it took; never what was asked, or by whom."""

from __future__ import annotations

import sys
from bisect import bisect_left
from secrets import token_hex
from time import perf_counter

import structlog
from flask import g, request

_LENGTHS = (0, 25, 50, 100, 200, 500, 1000)


class _Stderr:
    """The end of the line: whatever stderr is when something is written."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")


_log = structlog.wrap_logger(
    _Stderr(), processors=[structlog.processors.JSONRenderer()], wrapper_class=structlog.BoundLogger
)


def start_request() -> None:
    """Take the time, and give the request a name that says nothing."""
    g.started = perf_counter()
    g.request_id = token_hex(8)


def note_question(length: int, outcome: str | None = None) -> None:
    """Remember of a question what may be logged: how long it was, roughly, and how it went."""
    g.length, g.outcome = length, outcome


def name_length(length: int) -> str:
    """The bucket of a question's length in characters: "26-50"."""
    place = bisect_left(_LENGTHS, length)
    if place == len(_LENGTHS):
        return f"{_LENGTHS[-1] + 1}-"
    return f"{_LENGTHS[place - 1] + 1}-{_LENGTHS[place]}" if place else "0"


def log_refusal(status: int, generation: str | None) -> None:
    """Write the line of what was refused before it became a request."""
    _write(status, generation)


def log_request(status: int, generation: str | None) -> None:
    """Write the line of the request that is being answered."""
    started, length = g.get("started"), g.get("length")
    _write(
        status,
        generation,
        route=request.url_rule.rule if request.url_rule else None,
        ms=None if started is None else round((perf_counter() - started) * 1000, 1),
        outcome=g.get("outcome"),
        length=None if length is None else name_length(length),
        request=g.get("request_id"),
    )


def _write(
    status: int,
    generation: str | None,
    *,
    route: str | None = None,
    ms: float | None = None,
    outcome: str | None = None,
    length: str | None = None,
    request: str | None = None,
) -> None:
    """The only place that writes a line: these fields and no others."""
    _log.msg(
        route=route,
        status=status,
        ms=ms,
        generation=generation,
        outcome=outcome,
        length=length,
        request=request,
    )
