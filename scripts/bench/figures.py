"""Times as medians and spreads, and as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, thread_time

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is distributed, in its own unit."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(*np.percentile(values, [50, 95, 99]).tolist())

    def __str__(self) -> str:
        return f"{self.p50:.2f} ({self.p95:.2f}, {self.p99:.2f})"


def time_call(call: Callable[[], object]) -> float:
    """Milliseconds on the wall."""
    started = perf_counter()
    call()
    return 1e3 * (perf_counter() - started)


def time_processor(call: Callable[[str], object], questions: Sequence[str]) -> list[float]:
    """Processor's milliseconds of this thread for each question: what other processes do does not count."""
    times = []
    for question in questions:
        began = thread_time()
        call(question)
        times.append(1e3 * (thread_time() - began))
    return times


def interleave(
    calls: Mapping[str, Callable[[str], object]], questions: Sequence[str], *, at_a_time: int = 1
) -> dict[str, Spread]:
    """Milliseconds of each call on each question, in turn, so that all meet the same load.

    With more than one question ``at_a_time``, each call has the processor's caches to itself meanwhile.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for start in range(0, len(questions), at_a_time):
        for name, call in calls.items():
            for question in questions[start : start + at_a_time]:
                times[name].append(time_call(lambda call=call, question=question: call(question)))  # type: ignore[misc]
    return {name: Spread.of(values) for name, values in times.items()}


def make_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; its first column is text, the others are figures."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
