"""One line of log a request: which route, how it went, how long it took; never what was asked, or by whom."""

from __future__ import annotations

import json
import logging
from bisect import bisect_left
from secrets import token_hex
from time import monotonic

from flask import g, request

_LENGTHS = (0, 25, 50, 100, 200, 500, 1000)
_log = logging.getLogger("nightlight.requests")
_log.setLevel(logging.INFO)


def start_request() -> None:
    """Take the time, since when the request waits, and give it a name that says nothing."""
    g.started = request.environ.get("nightlight.began") or monotonic()
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


def log_request(status: int, generation: str | None) -> None:
    """Write the line of the request that is being answered."""
    started, length = g.get("started"), g.get("length")
    write_line(
        status,
        generation,
        route=request.url_rule.rule if request.url_rule else None,
        ms=None if started is None else round((monotonic() - started) * 1000, 1),
        outcome=g.get("outcome"),
        length=None if length is None else name_length(length),
        request=g.get("request_id"),
    )


def write_line(
    status: int,
    generation: str | None,
    *,
    route: str | None = None,
    ms: float | None = None,
    outcome: str | None = None,
    length: str | None = None,
    request: str | None = None,
) -> None:
    """The only place that writes a line: these fields and no others, few of what never became a request."""
    fields = {"route": route, "status": status, "ms": ms, "generation": generation}
    _log.info(json.dumps({**fields, "outcome": outcome, "length": length, "request": request}))
