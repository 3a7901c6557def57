"""A second opinion on urgency: is the question like reviewed sentences from emergencies?

A logistic regression over the question's vector, fitted to ``app/evaluation/urgency_examples.toml`` when a
generation is built and stored in its manifest. It can only add an alarm to those of the rules in
``urgency.py``, never take one away, and is bound to the model that it was fitted with.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.errors import WrongModel
from app.index.generation import Manifest

URGENCY_VOTE = "urgency_vote"
"""Where in a manifest's extra."""


class UrgencyVote(BaseModel):
    """What the build fitted."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weights_sha256: str
    """Of the model whose vectors these are."""
    coefficients: list[float]
    intercept: float
    threshold: Annotated[float, Field(gt=0, lt=1)]
    """From this probability on it gives the alarm."""
    examples: dict[str, int]
    """How many of each kind it was fitted to."""
    created: str

    @classmethod
    def read(cls, manifest: Manifest) -> UrgencyVote | None:
        """Of a generation, None where it has none; raises WrongModel when it is another model's."""
        stored = manifest.extra.get(URGENCY_VOTE)
        if stored is None:
            return None
        vote = cls.model_validate(stored)
        if vote.weights_sha256 != manifest.model.weights_sha256:
            raise WrongModel("The urgency vote was fitted with another model; run `make index`.")
        return vote

    def estimate(self, vector: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, that a question of this unit vector, float32[d], is urgent."""
        logit = float(vector @ np.array(self.coefficients, dtype=np.float32)) + self.intercept
        return 1 / (1 + math.exp(-min(max(logit, -50.0), 50.0)))

    def gives_alarm(self, vector: NDArray[np.float32]) -> bool:
        """Whether that is as much as the threshold."""
        return self.estimate(vector) >= self.threshold
