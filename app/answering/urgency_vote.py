"""A second opinion on urgency: is the question like reviewed sentences from emergencies?

A logistic regression over the question's vector, fitted to ``app/evaluation/urgency_examples.toml`` when a
generation is built and stored in its manifest. It can only add an alarm to those of the rules in
``urgency.py``, never take one away, and is bound to the model that it was fitted with.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.answering.fitted import Fitted, logistic

URGENCY_VOTE = "urgency_vote"
"""Where in a manifest's extra."""


class UrgencyVote(Fitted):
    """What the build fitted."""

    name = URGENCY_VOTE

    coefficients: list[float]
    intercept: float
    threshold: Annotated[float, Field(gt=0, lt=1)]
    """From this probability on it gives the alarm."""
    examples: dict[str, int]
    """How many of each kind it was fitted to."""
    fitted_to: str = ""
    """SHA-256 of the encoder and of all it was fitted to: fitted again, it would be the same."""

    def estimate(self, vector: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, that a question of this unit vector, float32[d], is urgent."""
        return logistic(float(vector @ self._direction) + self.intercept)

    @cached_property
    def _direction(self) -> NDArray[np.float32]:
        """The coefficients as an array, made once and not for each question."""
        return np.array(self.coefficients, dtype=np.float32)

    def gives_alarm(self, vector: NDArray[np.float32]) -> bool:
        """Whether that is as much as the threshold."""
        return self.estimate(vector) >= self.threshold
