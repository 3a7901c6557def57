"""Fits the second opinion on urgency to the reviewed sentences beside this file and to labelled questions."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.answering.question import make_searchable
from app.answering.urgency_vote import UrgencyVote, Voice
from app.settings import ROOT

EXAMPLES = Path(__file__).with_name("urgency_examples.toml")
TRAINING = ROOT / "tests" / "questions" / "levels" / "training.jsonl"
KINDS = {"now": "urgent", "today": "today", "none": "harmless"}
"""The file's levels, as the sentences are named here."""
FALSE_SHARES = {"now": 0.02, "today": 0.04}
"""Of the harmless questions, each judged by a fit without it, so many may be raised by the vote alone. The
sentences of the file do not count here: they were chosen for being hard."""
PENALTY = 0.1
"""Strength of the quadratic penalty; a third or three times as much changes nothing beyond noise."""
FOLDS = 4

Examples = Mapping[str, Sequence[str]]


def read_examples(path: Path = EXAMPLES) -> dict[str, tuple[str, ...]]:
    """The sentences by kind, ``urgent`` (help now), ``today`` and ``harmless``."""
    stored = tomllib.loads(path.read_text(encoding="utf-8"))
    sentences = {kind: stored[kind].split("\n")[:-1] for kind in KINDS.values()}
    seen = {text.casefold() for texts in sentences.values() for text in texts}
    for line in TRAINING.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        if one["question"].casefold() not in seen:
            sentences[KINDS[one["level"]]].append(one["question"])
    return {kind: tuple(found) for kind, found in sentences.items()}


def describe_examples(encoder_sha256: str, examples: Examples, others: Sequence[NDArray[np.float32]]) -> str:
    """SHA-256 of all that a vote follows from."""
    digest = hashlib.sha256(json.dumps([encoder_sha256, PENALTY, FALSE_SHARES, examples]).encode())
    for vector in others:
        digest.update(vector.tobytes())
    return digest.hexdigest()


def fit_vote(
    encode: Callable[[str], NDArray[np.float32]],
    *,
    weights_sha256: str,
    created: str,
    examples: Examples | None = None,
    others: Sequence[NDArray[np.float32]] = (),
    measured: int = 0,
    fitted_to: str = "",
) -> UrgencyVote:
    """The vote for the model whose ``encode`` turns a sentence into a unit vector, float32[d].

    ``others`` are vectors of further questions that are no emergencies, on any subject: the sentences alone
    would leave the vote to guess at what is about nothing of the kind. The thresholds are chosen by them and
    the last ``measured`` of the harmless examples, or by all of these. ``fitted_to`` is remembered.
    """
    examples = examples or read_examples()
    texts = [text for kind in ("urgent", "today", "harmless") for text in examples[kind]]
    vectors = np.array([*(encode(make_searchable(text)) for text in texts), *others], dtype=np.float64)
    now, today = (len(examples[kind]) for kind in ("urgent", "today"))
    places = np.arange(len(vectors))
    asked = places >= (len(texts) - measured if measured else now + today)
    return UrgencyVote(
        weights_sha256=weights_sha256,
        now=_fit_voice(vectors, places < now, asked, FALSE_SHARES["now"]),
        today=_fit_voice(vectors, places < now + today, asked, FALSE_SHARES["today"]),
        examples={"urgent": now, "today": today, "harmless": len(vectors) - now - today},
        created=created,
        fitted_to=fitted_to,
    )


def _fit_voice(
    vectors: NDArray[np.float64], meant: NDArray[np.bool_], harmless: NDArray[np.bool_], false_share: float
) -> Voice:
    """Both kinds weigh the same; the threshold is where so many of the harmless are raised unseen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    regression = LogisticRegression(C=1 / PENALTY, class_weight="balanced", max_iter=500)
    folds = StratifiedKFold(min(FOLDS, int(meant.sum()), int((~meant).sum())), shuffle=True, random_state=0)
    unseen = cross_val_predict(regression, vectors, meant, cv=folds, method="predict_proba")[:, 1]
    regression.fit(vectors, meant)
    return Voice(
        coefficients=[float(weight) for weight in regression.coef_[0]],
        intercept=float(regression.intercept_[0]),
        threshold=float(np.clip(np.quantile(unseen[harmless], 1 - false_share), 0.5, 0.99)),
    )
