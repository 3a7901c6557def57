"""Counts and times for maintainers, by outcome and generation; never a word of a question."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.settings import SHARED_COUNTS

_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """What one server process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "nightlight_questions",
            "Questions answered, by outcome, urgency and index generation.",
            ("outcome", "urgency", "generation"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "nightlight_answer_seconds",
            "Seconds from question to answer, before rendering.",
            ("outcome", "generation"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._unanswered = Counter(
            "nightlight_unanswered",
            "Questions without an answer, by the article that came nearest.",
            ("article",),
            registry=self.registry,
        )
        self._responses = Counter(
            "nightlight_responses",
            "Responses, by route template, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )

    def count_answer(self, outcome: str, *, urgency: str, generation: str, seconds: float) -> None:
        """One answered question."""
        self._questions.labels(outcome, urgency, generation).inc()
        self._seconds.labels(outcome, generation).observe(seconds)

    def count_unanswered(self, article: str) -> None:
        """One question that was not answered; ``article`` is the nearest one's slug, or "none"."""
        self._unanswered.labels(article).inc()

    def count_response(self, route: str, method: str, status: int) -> None:
        """One response."""
        self._responses.labels(route, method, str(status)).inc()

    def render(self) -> bytes:
        """Everything counted so far, by all processes of the server, in the Prometheus text format."""
        if SHARED_COUNTS not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
