"""Fits confidence to questions with known answers: a logistic regression, cross-validated.

One of its features says whether a question is about what the articles are about: a logistic regression
over the question's vector. As that one is fitted too, the outer one sees its out-of-fold values alone.
scikit-learn belongs to the build; the server only multiplies.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.confidence import OTHER_SUBJECT, Calibration
from app.errors import QuestionError
from app.evaluation.measures import measure_auroc, measure_calibration_error
from app.evaluation.questions import GOOD, Question

FOLDS = 5
INNER_FOLDS = 10
SUBJECT_PENALTY = 10.0
PENALTY = 0.5
"""Inverse strength of the quadratic penalties (scikit-learn's C), by cross-validation over 0.3 to 10."""
SEED = 0

WRONG_REFUSAL = 3.0
"""What refusing a question that is answered costs, in answers to questions that are not."""
WRONG_SILENCE = 15.0
"""What giving it nothing at all costs, not even the nearest passages."""

MIN_OF_EACH = 20
"""Fewer questions of either kind say nothing worth fitting."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What confidence is fitted to."""

    ids: tuple[str, ...]
    features: NDArray[np.float64]
    """float64[n, f]."""
    vectors: NDArray[np.float32]
    """float32[n, d] of the questions."""
    answerable: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]
    """Whether a reviewed word names another subject, which bounds the confidence."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it gave to questions that it had not seen."""

    calibration: Calibration
    sample: Sample
    confidences: NDArray[np.float64]
    """float64[n]: cross-validated, in the sample's order."""

    def summarise(self, ids: Collection[str]) -> dict[str, float]:
        """How well confidence tells the kinds of these questions apart; nothing where one kind is missing."""
        part = np.array([one in ids for one in self.sample.ids])
        answerable = self.sample.answerable[part]
        if not part.any() or answerable.all() or not answerable.any():
            return {}
        confidences = self.confidences[part]
        return {
            "AUROC of confidence": measure_auroc(confidences, answerable),
            "calibration error": measure_calibration_error(confidences, answerable),
            "refused": float((confidences[~answerable] < self.calibration.answered).mean()),
            "wrongly refused": float((confidences[answerable] < self.calibration.answered).mean()),
        }


def gather(answerer: IndexAnswerer, questions: Sequence[Question]) -> Sample:
    """Features of every question that is no emergency, can be taken and is labelled for these articles."""
    texts = {article.slug: article.text for article in answerer.articles()}
    kept: list[Question] = []
    features, vectors, elsewhere = [], [], []
    for question in questions:
        if question.kind not in ("answerable", "unanswerable") or not _is_labelled(question, texts):
            continue
        try:
            ranking = answerer.rank(question.question)
        except QuestionError:
            continue
        kept.append(question)
        features.append(answerer.assess(ranking))
        vectors.append(ranking.query.encoding.vector)
        elsewhere.append(answerer.names_other_subject(ranking))
    return Sample(
        ids=tuple(question.id for question in kept),
        features=np.array(features),
        vectors=np.array(vectors),
        answerable=np.array([question.kind == "answerable" for question in kept], dtype=bool),
        elsewhere=np.array(elsewhere, dtype=bool),
    )


def fit(sample: Sample, *, weights_sha256: str, created: str) -> Fit | None:
    """The calibration of a sample; None when it is too small to say anything."""
    yes, no = int(sample.answerable.sum()), int((~sample.answerable).sum())
    if min(yes, no) < MIN_OF_EACH:
        return None
    model = _Model(sample)
    calibration = Calibration(
        weights_sha256=weights_sha256,
        answered=1 / (1 + WRONG_REFUSAL),
        closest=1 / (1 + WRONG_SILENCE),
        questions={"answerable": yes, "unanswerable": no},
        created=created,
        **model.parameters(),
    )
    return Fit(calibration, sample, _cross_validate(sample))


def _is_labelled(question: Question, texts: Mapping[str, str]) -> bool:
    """A question whose answer was taken out of the articles is no longer known to be answerable."""
    good = [gold for gold in question.relevant if gold.grade >= GOOD]
    return not good or any(gold.quote in texts.get(gold.article, "") for gold in good)


class _Model:
    """The two regressions, fitted to a sample or a part of it."""

    def __init__(self, sample: Sample, part: NDArray[np.int64] | slice = slice(None)) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
        from sklearn.preprocessing import StandardScaler

        vectors, answerable = sample.vectors[part], sample.answerable[part]
        self.subject = LogisticRegression(C=SUBJECT_PENALTY, max_iter=2000, class_weight="balanced")
        folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=SEED)
        unseen = cross_val_predict(self.subject, vectors, answerable, cv=folds, method="decision_function")
        self.subject.fit(vectors, answerable)
        values = np.column_stack([sample.features[part], unseen])
        self.scaler = StandardScaler().fit(values)
        self.outer = LogisticRegression(C=PENALTY).fit(self.scaler.transform(values), answerable)

    def predict(self, sample: Sample, part: NDArray[np.int64]) -> NDArray[np.float64]:
        """The probability of each question of the part."""
        subject = self.subject.decision_function(sample.vectors[part])
        values = np.column_stack([sample.features[part], subject])
        probabilities: NDArray[np.float64] = self.outer.predict_proba(self.scaler.transform(values))[:, 1]
        return probabilities

    def parameters(self) -> dict[str, Any]:
        """As Calibration names them."""
        return {
            "means": self.scaler.mean_.tolist(),
            "scales": self.scaler.scale_.tolist(),
            "coefficients": self.outer.coef_[0].tolist(),
            "intercept": float(self.outer.intercept_[0]),
            "subject_coefficients": self.subject.coef_[0].tolist(),
            "subject_intercept": float(self.subject.intercept_[0]),
        }


def _cross_validate(sample: Sample) -> NDArray[np.float64]:
    from sklearn.model_selection import StratifiedKFold

    confidences = np.zeros(len(sample.answerable))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for seen, unseen in folds.split(sample.vectors, sample.answerable):
            confidences[unseen] = _Model(sample, seen).predict(sample, unseen)
    return np.where(sample.elsewhere, np.minimum(confidences, OTHER_SUBJECT), confidences)
