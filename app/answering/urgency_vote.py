"""A second opinion on urgency: is the question like reviewed sentences that need help now, or today?

Two logistic regressions over the question's vector, fitted when a generation is built and stored in its
manifest (app/evaluation/urgency_fit.py). They can only raise the level of the rules in ``urgency.py``, never
lower it, and are bound to the model that they were fitted with.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from app.answering.fitted import Fitted, logistic
from app.records import Urgency

URGENCY_VOTE = "urgency_levels"
"""Where in a manifest's extra."""


class Voice(BaseModel):
    """The probability that a question needs help at a level or a higher one."""

    coefficients: list[float]
    intercept: float
    threshold: Annotated[float, Field(gt=0, lt=1)]
    """From this probability on the question has the level."""

    def estimate(self, vector: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, for a question's unit vector, float32[d]."""
        return logistic(float(vector @ self._direction) + self.intercept)

    @cached_property
    def _direction(self) -> NDArray[np.float32]:
        """The coefficients as an array, made once and not for each question."""
        return np.array(self.coefficients, dtype=np.float32)


class UrgencyVote(Fitted):
    """What the build fitted."""

    name = URGENCY_VOTE

    now: Voice
    today: Voice
    """Of *today* or *now*."""
    examples: dict[str, int]
    """How many of each kind it was fitted to."""
    fitted_to: str = ""
    """SHA-256 of the encoder and of all it was fitted to: fitted again, it would be the same."""

    def judge(self, vector: NDArray[np.float32]) -> Urgency:
        """The highest level whose threshold the question's unit vector, float32[d], reaches."""
        if self.now.estimate(vector) >= self.now.threshold:
            return "now"
        return "today" if self.today.estimate(vector) >= self.today.threshold else "none"
