"""Counts and times for maintainers, by outcome and generation; never a word of a question."""

from __future__ import annotations

import os
from bisect import bisect_left

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.records import Answer
from app.settings import SHARED_COUNTS

_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # the time of the first of each kind


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
            "Seconds from question to answer, before rendering, rounded up to a bucket.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._responses = Counter(
            "nightlight_responses",
            "Responses, by route template, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )

    def count_answer(self, answer: Answer, seconds: float) -> None:
        """One answered question."""
        self._questions.labels(answer.outcome, answer.urgency, answer.generation).inc()
        # Rounded up, for an exact sum would tell how long the question of just now took.
        place = bisect_left(_BUCKETS, seconds)
        self._seconds.observe(_BUCKETS[min(place, len(_BUCKETS) - 1)])

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
