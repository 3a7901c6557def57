"""What the views share: settings, the current index, files, templates and counts, made once."""

from __future__ import annotations

import json
from concurrent import futures
from functools import cached_property, lru_cache, partial
from math import ceil
from time import monotonic
from typing import Any

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest, TooManyRequests
from werkzeug.sansio.utils import get_current_url

from app.answering.answer import Answerer, answer_each
from app.answering.replies import NoticesReply
from app.errors import TooLate
from app.limits import QUESTION, REQUEST, Allowance, household_of
from app.records import Answer, Refusal
from app.settings import Settings
from app.web.assets import load_assets
from app.web.log import log_request, note_question
from app.web.metrics import Metrics
from app.web.models import BatchRequest
from app.web.openapi import Document, build_document
from app.web.reload import Current

SITE = "nightlight"
"""The Site's name among an application's extensions."""
_HEARD = "10 per second"
"""Refusals at the door that look for an emergency in what was asked; more would cost too much."""
_METHODS = frozenset({"GET", "HEAD", "POST"})


class Site:
    """One application's parts; templates are compiled once, the notices are laid out once."""

    def __init__(self, app: Flask, settings: Settings, current: Current) -> None:
        self.settings = settings
        self.current = current
        self.assets = load_assets()
        self.assets_by_path = {asset.path: asset for asset in self.assets.values()}
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
        return (self.settings.public_url or _address_of(request.scheme, request.host)).rstrip("/")

    @cached_property
    def document(self) -> Document:
        """The OpenAPI document, made when it is first asked for."""
        return build_document(self._app)

    def charge(self, cost: int) -> None:
        """Take from the allowance of the address that asks; raises TooManyRequests where that is too much."""
        if wait := self.allowance.take(household_of(request.remote_addr or ""), cost):
            raise TooManyRequests(retry_after=ceil(wait))

    def ask(self, answerer: Answerer, question: str, k: int, article: str | None = None) -> Answer:
        """Answer one question and count it; raises TooLate once the request's deadline has passed."""
        note_question(len(question))
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
        note_question(len(question), answer.outcome)
        self.metrics.count_answer(
            answer.outcome,
            urgency=answer.urgency,
            generation=answer.generation,
            seconds=seconds,
        )
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


@lru_cache(maxsize=64)
def _address_of(scheme: str, host: str) -> str:
    """As ``request.host_url`` has it, which makes it anew every time; ``host`` was checked."""
    return get_current_url(scheme, host)


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


def check_request() -> None:
    """Charge for a question, whatever it is: that is read later. HTTP/1.1 wants a host (RFC 9112, 3.2)."""
    if "HTTP_HOST" not in request.environ and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise BadRequest
    asks = request.path == "/" or request.path.startswith("/api/v1/answers")
    if request.method == "POST" or (asks and request.query_string):
        site().charge(QUESTION - REQUEST)


def count_response(response: Response) -> Response:
    """After each request, count it and log it: by its route's template, never by its address."""
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in _METHODS else "other"
    site().metrics.count_response(route, method, response.status_code)
    log_request(response.status_code, site().current.generation)
    return response
