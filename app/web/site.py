"""What the views share: settings, the current index, files, templates and counts, made once."""

from __future__ import annotations

import json
from concurrent import futures
from functools import cached_property, partial
from hashlib import sha256
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel
from werkzeug.exceptions import TooManyRequests

from app.answering.answer import IndexAnswerer, answer_each
from app.answering.replies import IndexReference, NoticesReply
from app.errors import TooLate
from app.limits import QUESTION, Allowance, household_of
from app.records import Answer, Refusal
from app.settings import Settings
from app.web.metrics import Metrics
from app.web.openapi import Document, build_document
from app.web.reading import BatchRequest
from app.web.reload import Current

SITE = "nightlight"
"""The Site's name among an application's extensions."""
_HEARD = "10 per second"
"""Refusals at the door that look for an emergency in what was asked; more would cost too much."""
_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
_IMMUTABLE = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"
_ROBOTS = b"User-agent: *\nDisallow: /?q=\nDisallow: /api/\n"
"""Search engines may read the articles' pages, not ask questions."""


class Site:
    """One application's parts; templates are compiled once, the notices are laid out once."""

    def __init__(self, app: Flask, settings: Settings, current: Current) -> None:
        self.settings = settings
        self.current = current
        self.assets: dict[str, str] = {}
        """The address of each static file, which changes when its bytes do."""
        self.files = {"/robots.txt": (_ROBOTS, "text/plain; charset=utf-8", DAY)}
        """By address: bytes, type, and how long they may be kept."""
        for path in _STATIC.iterdir():
            if kind := _TYPES.get(path.suffix):
                body = path.read_bytes()
                address = f"/static/{path.stem}.{sha256(body).hexdigest()[:12]}{path.suffix}"
                self.assets[path.name] = address
                self.files[address] = body, kind, _IMMUTABLE
        self.files["/favicon.ico"] = (*self.files[self.assets["favicon.ico"]][:2], DAY)
        self.metrics = Metrics()
        self.notices = NoticesReply.of(settings.emergency_number)
        self.allowance, self.heard = Allowance(settings.rate_limit), Allowance(_HEARD)
        self.refusals: dict[tuple[int, str], bytes] = {}
        # Two that compute at once in one process only take the interpreter and the caches from each other.
        # First come, first served, which a lock is not: who has many threads would get it again and again.
        self._turn = futures.ThreadPoolExecutor(1)
        self._app = app
        app.extensions[SITE] = self

    @property
    def base(self) -> str:
        """The address that permalinks begin with, without a slash at the end."""
        return (self.settings.public_url or request.host_url).rstrip("/")

    @cached_property
    def document(self) -> Document:
        """The OpenAPI document, made when it is first asked for."""
        return build_document(self._app)

    def fixed(self, answerer: IndexAnswerer) -> dict[str, Any]:
        """What stands in every reply that no question changes."""
        index = IndexReference(generation=answerer.generation, model=answerer.model)
        return {"notices": self.notices, "index": index}

    def charge(self, cost: int) -> None:
        """Take from the allowance of the address that asks; raises TooManyRequests where that is too much."""
        if wait := self.allowance.take(household_of(request.remote_addr or ""), cost):
            raise TooManyRequests(retry_after=ceil(wait))

    def ask(self, answerer: IndexAnswerer, question: str, k: int, article: str | None = None) -> Answer:
        """Answer one question and count it; raises TooLate once the request's deadline has passed."""
        g.length, g.outcome = len(question), None  # one of several: not as the last one went
        left = g.started + self.settings.deadline - monotonic()
        if left <= 0:
            raise TooLate

        def answer_now() -> tuple[Answer, float]:
            started = monotonic()
            return answerer.answer(question, k, article), monotonic() - started

        asked = self._turn.submit(answer_now)
        if not futures.wait([asked], left).done and asked.cancel():  # none that has been begun is given up
            raise TooLate
        answer, seconds = asked.result()
        g.outcome = answer.outcome
        self.metrics.count_answer(answer, seconds)
        return answer

    def ask_each(self, asked: BatchRequest) -> list[Answer | Refusal]:
        """Answer several questions from one index; one that cannot be taken is refused alone."""
        self.charge(QUESTION * (len(asked.questions) - 1))  # one was counted before the batch was read
        answerer = self.current.answerer
        ask = partial(self.ask, answerer, k=asked.k, article=asked.article)
        return list(answer_each(ask, asked.questions))

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page."""
        # Straight from the environment: render_template would add request and session to every page.
        body = self._app.jinja_env.get_template(template).render(values)
        return Response(body, status, content_type="text/html; charset=utf-8")


def site() -> Site:
    """The parts of the application that serves this request."""
    found: Site = current_app.extensions[SITE]
    return found


def reply_json(payload: BaseModel | dict[str, Any], status: int = 200) -> Response:
    """A JSON reply; words stay as they are, not as escapes."""
    if isinstance(payload, BaseModel):
        body = payload.model_dump_json()
    else:
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, content_type="application/json")
