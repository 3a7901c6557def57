"""What is fitted to a model's vectors, and bound to the model; stored in a manifest or in a folder."""

from __future__ import annotations

import math
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from app.errors import WrongModel
from app.index.generation import Manifest

STEEPEST = 50.0
"""Beyond it, either way, a probability is 0 or 1 for every purpose."""


class Fitted(BaseModel):
    """Base of what is fitted; ``name`` says where in a manifest's extra it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: ClassVar[str]

    weights_sha256: str
    """Of the model whose vectors it was fitted to."""
    created: str

    @classmethod
    def read(cls, manifest: Manifest) -> Self | None:
        """Of a generation, None where it has none; raises WrongModel when it is another model's."""
        stored = manifest.extra.get(cls.name)
        if stored is None:
            return None
        fitted = cls.model_validate(stored)
        fitted.require(manifest.model.weights_sha256)
        return fitted

    def require(self, weights_sha256: str) -> None:
        """Raises WrongModel when it was fitted with a model of other weights."""
        if self.weights_sha256 != weights_sha256:
            raise WrongModel(f"The {self.name.replace('_', ' ')} was fitted with another model.")


def logistic(logit: float) -> float:
    """The probability, 0 to 1, that belongs to a logit."""
    return 1 / (1 + math.exp(-min(max(logit, -STEEPEST), STEEPEST)))
