"""How well questions were answered: success@k, MRR, recall, precision, refusal, urgency, calibration.

A passage is located in its article by its words, which must stand there verbatim, and only its first
1,200 characters count: a reader reads no further. It covers a gold quote when it holds at least 60% of
the quote's characters, by position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.evaluation.questions import GOOD, Gold, Question
from app.notices import SURENESS, name_sureness, translations
from app.records import Span, Urgency

_READ_CHARACTERS = 1200
_COVERED_SHARE = 0.6
DEPTH = 5
TOP = 3
_BINS = 10
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class RunLine:
    """What a question got: one line of a run file."""

    id: str
    passages: tuple[tuple[str, str], ...]
    """Article's slug and the passage's words, best first; empty when it was not answered."""
    urgency: Urgency
    confidence: float
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question's reply, judged; the rank-based measures are None where no passage can be right."""

    question: Question
    reply: RunLine
    grades: tuple[int, ...]
    """For each of the first five passages the highest grade that it covers, else 0."""
    forged: int
    """Passages whose words do not stand in their article."""
    recall: float | None

    @property
    def answerable(self) -> bool:
        """Whether ranking is judged: there is gold, and the question is not an emergency."""
        return self.question.kind == "answerable" and bool(self.question.relevant)

    @property
    def refused(self) -> bool:
        """Whether no passage was given as an answer."""
        return not self.reply.passages

    def first_good_rank(self) -> int | None:
        """The rank (from 1) of the first passage that answers."""
        return next((rank for rank, grade in enumerate(self.grades, 1) if grade >= GOOD), None)


def judge(question: Question, reply: RunLine, texts: Mapping[str, str]) -> Judgement:
    """Compare a reply with the gold quotes; ``texts`` are the articles by slug."""
    covered = [_covered_quotes(question.relevant, passage, texts) for passage in reply.passages[:DEPTH]]
    grades = tuple(map(_best_grade, covered))
    forged = sum(found is None for found in covered)
    good = {gold.quote for gold in question.relevant if gold.grade >= GOOD}
    found = {gold.quote for golds in covered for gold in golds or ()} & good
    recall = min(1.0, len(found) / min(DEPTH, len(good))) if good else None
    return Judgement(question, reply, grades, forged, recall)


def grade_passage(question: Question, passage: tuple[str, str], texts: Mapping[str, str]) -> int:
    """The highest grade among the quotes that a passage (slug and words) covers, else 0."""
    return _best_grade(_covered_quotes(question.relevant, passage, texts))


def _best_grade(covered: list[Gold] | None) -> int:
    return max((gold.grade for gold in covered or ()), default=0)


def _covered_quotes(
    relevant: Sequence[Gold], passage: tuple[str, str], texts: Mapping[str, str]
) -> list[Gold] | None:
    """The quotes that a passage covers; None when it is not verbatim."""
    slug, words = passage
    body = texts.get(slug, "")
    read: list[Span] = []
    """Every place where the words stand, as far as a reader reads."""
    at = body.find(words) if words else -1
    while at >= 0:
        read.append((at, at + min(len(words), _READ_CHARACTERS)))
        at = body.find(words, at + 1)
    if not read:
        return None
    found = []
    for gold in relevant:
        start = body.find(gold.quote) if gold.article == slug else -1
        end, enough = start + len(gold.quote), _COVERED_SHARE * len(gold.quote)
        if start >= 0 and any(min(end, last) - max(start, first) >= enough for first, last in read):
            found.append(gold)
    return found


def _success(rank: int) -> Callable[[Judgement], float]:
    return lambda judged: float((judged.first_good_rank() or rank + 1) <= rank)


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean over the questions that it applies to."""

    name: str
    applies: Callable[[Judgement], bool]
    value: Callable[[Judgement], float]


def _is_answerable(judged: Judgement) -> bool:
    return judged.answerable


def _of_kind(*kinds: str) -> Callable[[Judgement], bool]:
    return lambda judged: judged.question.kind in kinds


def _called(step: str) -> Callable[[Judgement], bool]:
    """Whether a reader is shown a first passage as such a match."""
    return lambda j: (
        (j.answerable or j.question.kind == "unanswerable")
        and not j.refused
        and j.reply.urgency == "none"
        and name_sureness(j.reply.confidence) == step
    )


def _needs_no_help(judged: Judgement) -> bool:
    return judged.question.kind not in ("urgent", "today")


MEASURES = (
    Measure("success@1", _is_answerable, _success(1)),
    Measure("success@1 (grade 3)", _is_answerable, lambda j: float(bool(j.grades) and j.grades[0] == 3)),
    Measure("success@3", _is_answerable, _success(3)),
    Measure("MRR@5", _is_answerable, lambda j: 1 / rank if (rank := j.first_good_rank()) else 0.0),
    Measure("recall@5", _is_answerable, lambda j: j.recall or 0.0),
    Measure(
        "precision@3",
        _is_answerable,
        lambda j: sum(grade > 0 for grade in j.grades[:TOP]) / (len(j.grades[:TOP]) or 1),
    ),
    *(Measure(f"{step} match fits", _called(step), _success(1)) for step in SURENESS),
    Measure("wrongly refused", _is_answerable, lambda j: float(j.refused)),
    Measure("refused", _of_kind("unanswerable"), lambda j: float(j.refused)),
    Measure("urgent noticed", _of_kind("urgent"), lambda j: float(j.reply.urgency == "now")),
    Measure("urgent shown as none", _of_kind("urgent"), lambda j: float(j.reply.urgency == "none")),
    Measure("today noticed", _of_kind("today"), lambda j: float(j.reply.urgency != "none")),
    Measure("false alarms", _needs_no_help, lambda j: float(j.reply.urgency == "now")),
    Measure("false today", _needs_no_help, lambda j: float(j.reply.urgency == "today")),
    Measure(
        "language recognised",
        lambda j: j.question.language in translations(),
        lambda j: float(j.reply.language == j.question.language),
    ),
    Measure(
        "English taken for another",
        lambda j: j.question.language == "en",
        lambda j: float(j.reply.language is not None),
    ),
)


def summarise(judged: Sequence[Judgement]) -> dict[str, float]:
    """Every measure that applies to these questions, by name."""
    figures = {}
    for measure in MEASURES:
        values = [measure.value(one) for one in judged if measure.applies(one)]
        if values:
            figures[measure.name] = float(np.mean(values))
    confidences, answerable = confidence_pairs(judged)
    if answerable.any() and not answerable.all():
        figures["AUROC of confidence"] = measure_auroc(confidences, answerable)
        figures["calibration error"] = measure_calibration_error(confidences, answerable)
    figures["not verbatim"] = float(sum(one.forged for one in judged))
    return figures


def count_questions(judged: Sequence[Judgement]) -> dict[str, int]:
    """Over how many of these questions each measure is taken, by name."""
    sure = len(confidence_pairs(judged)[0])
    return {
        **{measure.name: sum(map(measure.applies, judged)) for measure in MEASURES},
        **{"AUROC of confidence": sure, "calibration error": sure, "not verbatim": len(judged)},
    }


def confidence_pairs(judged: Sequence[Judgement]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Confidence (float64[n]) and whether the question is answerable (bool[n]); emergencies are left out."""
    kept = [one for one in judged if one.question.kind in ("answerable", "unanswerable")]
    return (
        np.array([one.reply.confidence for one in kept]),
        np.array([one.question.kind == "answerable" for one in kept], dtype=bool),
    )


def measure_auroc(confidences: np.ndarray[Any, Any], answerable: np.ndarray[Any, Any]) -> float:
    """The chance that an answerable question has the higher confidence of two; ties count one half."""
    yes, no = confidences[answerable][:, None], confidences[~answerable][None, :]
    return float(np.mean((yes > no) + 0.5 * (yes == no)))


def reliability(
    confidences: np.ndarray[Any, Any], answerable: np.ndarray[Any, Any]
) -> list[tuple[float, float, int]]:
    """For each filled tenth of the scale: mean confidence, share that is answerable, count."""
    tenth = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    return [
        (float(confidences[tenth == i].mean()), float(answerable[tenth == i].mean()), int((tenth == i).sum()))
        for i in range(_BINS)
        if (tenth == i).any()
    ]


def measure_calibration_error(confidences: np.ndarray[Any, Any], answerable: np.ndarray[Any, Any]) -> float:
    """Expected calibration error: mean distance of confidence and truth, by tenths of the scale."""
    bins = reliability(confidences, answerable)
    return sum(count * abs(said - true) for said, true, count in bins) / len(confidences)


def confidence_intervals(judged: Sequence[Judgement]) -> dict[str, tuple[float, float]]:
    """95% bootstrap confidence interval of every measure, resampling the questions (Efron 1979)."""
    random = np.random.default_rng(0)
    intervals = {}
    for measure in MEASURES:
        values = np.array([measure.value(one) for one in judged if measure.applies(one)])
        if len(values):
            means = random.choice(values, (_RESAMPLES, len(values))).mean(axis=1)
            low, high = np.percentile(means, (2.5, 97.5))
            intervals[measure.name] = (float(low), float(high))
    return intervals
