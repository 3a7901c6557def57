"""Fits the second opinion on urgency to the reviewed sentences beside this file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.answering.question import make_searchable
from app.answering.urgency_vote import UrgencyVote

EXAMPLES = Path(__file__).with_name("urgency_examples.toml")
THRESHOLD = 0.85
"""From here on the vote alone raises about two false alarms in a hundred questions that it has not seen, on
any subject, and notices about two emergencies in three; with the rules it is to find what they miss."""
PENALTY = 0.1
"""Strength of the quadratic penalty; a third or three times as much changes nothing beyond noise."""
STEPS = 30

Matrix = NDArray[np.float64]


def read_examples(path: Path = EXAMPLES) -> dict[str, tuple[str, ...]]:
    """The sentences by kind, ``urgent`` and ``harmless``."""
    stored = tomllib.loads(path.read_text(encoding="utf-8"))
    return {kind: tuple(stored[kind].split("\n")[:-1]) for kind in ("urgent", "harmless")}


def describe_examples(
    encoder_sha256: str, examples: dict[str, tuple[str, ...]], others: Sequence[NDArray[np.float32]]
) -> str:
    """SHA-256 of all that a vote follows from."""
    digest = hashlib.sha256(json.dumps([encoder_sha256, PENALTY, THRESHOLD, examples]).encode())
    for vector in others:
        digest.update(vector.tobytes())
    return digest.hexdigest()


def fit_vote(
    encode: Callable[[str], NDArray[np.float32]],
    *,
    weights_sha256: str,
    created: str,
    examples: dict[str, tuple[str, ...]] | None = None,
    others: Sequence[NDArray[np.float32]] = (),
    fitted_to: str = "",
) -> UrgencyVote:
    """The vote for the model whose ``encode`` turns a sentence into a unit vector, float32[d].

    ``others`` are vectors of further questions that are no emergencies, on any subject: the sentences alone
    would leave the vote to guess at what is about nothing of the kind. ``fitted_to`` is remembered.
    """
    examples = examples or read_examples()
    texts = [*examples["urgent"], *examples["harmless"]]
    seen = (encode(make_searchable(text)) for text in texts)
    vectors = np.array([*seen, *others], dtype=np.float64)
    urgent = np.arange(len(vectors)) < len(examples["urgent"])
    *coefficients, intercept = _regress(np.column_stack([vectors, np.ones(len(vectors))]), urgent)
    return UrgencyVote(
        weights_sha256=weights_sha256,
        coefficients=[float(weight) for weight in coefficients],
        intercept=float(intercept),
        threshold=THRESHOLD,
        examples={"urgent": int(urgent.sum()), "harmless": int((~urgent).sum())},
        created=created,
        fitted_to=fitted_to,
    )


def _regress(rows: Matrix, urgent: NDArray[np.bool_]) -> Matrix:
    """Logistic regression by Newton's method, both kinds weighing the same; the last column is free."""
    balance = np.where(urgent, 0.5 / urgent.mean(), 0.5 / (~urgent).mean())
    penalty = PENALTY * np.eye(rows.shape[1])
    penalty[-1, -1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-np.clip(rows @ weights, -50, 50)))
        slope = rows.T @ (balance * (chances - urgent)) + penalty @ weights
        curve = (rows * (balance * chances * (1 - chances))[:, None]).T @ rows + penalty
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights
