"""Does any of this answer the question? A calibrated probability, and what follows from it.

A logistic regression over a few features that see more than one cosine, fitted to questions with known
answers when a generation is built (app/evaluation/calibration.py) and stored in its manifest. It is bound
to the model that it was fitted with.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.answering.fitted import Fitted, logistic
from app.answering.search import Ranking
from app.index.lexical import LexicalIndex
from app.records import Outcome

Features = NDArray[np.float64]

FEATURES = (
    "late interaction",  # of the first passage
    "best sentence",  # the highest cosine of any candidate's sentence
    "familiar words",  # share of the content words, by weight, that the corpus knows or has a relative of
    "shared words",  # share of the content words, by weight, that the first passage has
    "content words",  # logarithm of their number
    "covered tokens",  # mean over the tokens, by weight, of the best cosine among all candidates' tokens
    "strangest tokens",  # the same over the third of the content tokens that fit worst: an unknown subject
)

CALIBRATION = "calibration"
"""Where in a manifest's extra."""

SUBJECTS_FILE = Path(__file__).with_name("subjects.toml")
OTHER_SUBJECT = 0.1
"""The highest confidence of a question that names another subject."""

CONTENT_TOKEN = 0.05
"""Tokens of less weight than this are punctuation or nearly everywhere."""


class Calibration(Fitted):
    """What the build fitted: how features become a probability, and where the outcomes part."""

    name = CALIBRATION

    means: list[float]
    scales: list[float]
    coefficients: list[float]
    """For each of FEATURES and, last, for the subject."""
    intercept: float
    subject_coefficients: list[float]
    """For each component of the question's vector: is it about what the articles are about?"""
    subject_intercept: float
    answered: Annotated[float, Field(ge=0, le=1)]
    """From this probability on, the question counts as answered."""
    closest: Annotated[float, Field(ge=0, le=1)]
    """From this one on, the nearest passages are worth a look."""
    questions: dict[str, int]
    """How many of each kind it was fitted to."""

    def estimate(self, features: Features, vector: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, that the first passage answers."""
        subject = float(vector @ self._subject) + self.subject_intercept
        slopes, intercept = self._line
        return logistic(float(features @ slopes[:-1]) + subject * float(slopes[-1]) + intercept)

    @cached_property
    def _subject(self) -> NDArray[np.float32]:
        """The subject's coefficients as an array, made once and not for each question."""
        return np.array(self.subject_coefficients, dtype=np.float32)

    @cached_property
    def _line(self) -> tuple[Features, float]:
        """Coefficients and intercept for features as they are, not yet centred and scaled."""
        slopes = np.array(self.coefficients) / self.scales
        return slopes, self.intercept - float(slopes @ self.means)

    def decide(self, confidence: float) -> Outcome:
        """What the reader is told."""
        if confidence >= self.answered:
            return "answered"
        return "closest" if confidence >= self.closest else "none"


class OtherSubjects:
    """Reviewed words that say a question is about something else, unless the corpus holds them too."""

    def __init__(self, lexical: LexicalIndex, path: Path = SUBJECTS_FILE) -> None:
        lists = (subject["words"].split() for subject in tomllib.loads(path.read_text("utf-8")).values())
        words = [word for words in lists for word in words if not lexical.known(word)]
        self._stems = {lexical.stem(word) for word in words}
        self._lexical = lexical

    def name(self, words: Sequence[str]) -> bool:
        """Whether any of the words names another subject."""
        return any(self._lexical.stem(word) in self._stems for word in words)


def find_features(ranking: Ranking, lexical: LexicalIndex) -> Features:
    """What the ranking tells of its first passage: float64[len(FEATURES)]; there must be a candidate."""
    words = ranking.query.words
    weights = [lexical.weigh(word) for word in words]
    familiar = [lexical.familiar(word) for word in words]
    shared = [lexical.holds(int(ranking.rows[0]), word) for word in words]
    covered, strangest = _compare_tokens(ranking)
    return np.array(
        [
            ranking.late[0],
            ranking.sentences.max(),
            _find_share(weights, familiar),
            _find_share(weights, shared),
            math.log1p(len(words)),
            covered,
            strangest,
        ],
        dtype=np.float64,
    )


def _find_share(weights: Sequence[float], chosen: Sequence[bool]) -> float:
    total = sum(weights)
    return sum(w for w, c in zip(weights, chosen, strict=True) if c) / total if total else 0.0


def _compare_tokens(ranking: Ranking) -> tuple[float, float]:
    """How well the question's tokens are met anywhere: their weighted mean, and the worst third's mean."""
    best = ranking.tokens.max(axis=0).tolist()
    weights = (ranking.query.token_weights * ~ranking.query.encoding.special).tolist()
    content = sorted(b for b, weight in zip(best, weights, strict=True) if weight > CONTENT_TOKEN)
    worst = (content or sorted(best))[: max(1, len(content or best) // 3)]
    total = sum(weights)
    weighted = sum(b * weight for b, weight in zip(best, weights, strict=True))
    return weighted / total if total else sum(best) / len(best), sum(worst) / len(worst)
