"""How well questions were answered: success@k, MRR, recall, precision, refusal, urgency, calibration.

A passage is located in its article by its words, which must stand there verbatim, and only its first
1,200 characters count: a reader reads no further. It covers a gold quote when it holds at least 60% of
the quote's characters, by position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.answering.answer import IndexAnswerer
from app.errors import QuestionError
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
    """For each passage the highest grade that it covers, else 0."""
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


def ask_all(answerer: IndexAnswerer, questions: Iterable[Question]) -> list[Judgement]:
    """Put questions by the same call as the page and the API, and judge the replies against the answerer's
    own articles; those whose label does not hold for these are left out."""
    texts = {article.slug: article.text for article in answerer.articles()}
    judged = []
    for question in (one for one in questions if one.holds_for(texts)):
        try:
            answer = answerer.answer(question.question, DEPTH)
        except QuestionError:  # one that cannot be taken gets nothing
            line = RunLine(question.id, (), urgency="none", confidence=0.0)
        else:
            passages = tuple((match.article.slug, match.passage.text) for match in answer.matches)
            line = RunLine(question.id, passages, answer.urgency, answer.confidence, answer.language)
        judged.append(judge(question, line, texts))
    return judged


def judge(question: Question, reply: RunLine, texts: Mapping[str, str]) -> Judgement:
    """Compare a reply with the gold quotes; ``texts`` are the articles by slug."""
    covered = [_covered_quotes(question.relevant, passage, texts) for passage in reply.passages]
    grades = tuple(max((gold.grade for gold in golds or ()), default=0) for golds in covered)
    forged = sum(found is None for found in covered)
    good = {gold.quote for gold in question.relevant if gold.grade >= GOOD}
    found = {gold.quote for golds in covered for gold in golds or ()} & good
    recall = min(1.0, len(found) / min(DEPTH, len(good))) if good else None
    return Judgement(question, reply, grades, forged, recall)


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


Measure = Callable[[Judgement], float | None]
"""What a reply counts; None where it does not apply."""


def _over(applies: Callable[[Judgement], bool], value: Callable[[Judgement], float]) -> Measure:
    return lambda judged: float(value(judged)) if applies(judged) else None


def _answerable(value: Callable[[Judgement], float]) -> Measure:
    return _over(lambda judged: judged.answerable, value)


def _of_kind(kind: str, value: Callable[[Judgement], bool]) -> Measure:
    return _over(lambda judged: judged.question.kind == kind, value)


def _no_emergency(value: Callable[[Judgement], bool]) -> Measure:
    return _over(lambda judged: judged.question.kind not in ("urgent", "today"), value)


def _success(rank: int) -> Callable[[Judgement], bool]:
    return lambda judged: (judged.first_good_rank() or rank + 1) <= rank


def _called(step: str) -> Callable[[Judgement], bool]:
    """Whether a reader is shown a first passage as such a match."""
    return lambda j: (
        (j.answerable or j.question.kind == "unanswerable")
        and not j.refused
        and j.reply.urgency == "none"
        and name_sureness(j.reply.confidence) == step
    )


MEASURES: Mapping[str, Measure] = {
    "success@1": _answerable(_success(1)),
    "success@1 (grade 3)": _answerable(lambda j: j.grades[:1] == (3,)),
    "success@3": _answerable(_success(3)),
    "MRR@5": _answerable(lambda j: 1 / rank if (rank := j.first_good_rank()) else 0),
    "recall@5": _answerable(lambda j: j.recall or 0),
    "precision@3": _answerable(lambda j: sum(map(bool, j.grades[:TOP])) / (len(j.grades[:TOP]) or 1)),
    **{f"{step} match fits": _over(_called(step), _success(1)) for step in SURENESS},
    "wrongly refused": _answerable(lambda j: j.refused),
    "refused": _of_kind("unanswerable", lambda j: j.refused),
    "urgent noticed": _of_kind("urgent", lambda j: j.reply.urgency == "now"),
    "urgent shown as none": _of_kind("urgent", lambda j: j.reply.urgency == "none"),
    "today noticed": _of_kind("today", lambda j: j.reply.urgency != "none"),
    "false alarms": _no_emergency(lambda j: j.reply.urgency == "now"),
    "false today": _no_emergency(lambda j: j.reply.urgency == "today"),
    "language recognised": _over(
        lambda j: j.question.language in translations(), lambda j: j.reply.language == j.question.language
    ),
    "English taken for another": _over(
        lambda j: j.question.language == "en", lambda j: j.reply.language is not None
    ),
}
"""Each is a mean over the questions that it applies to."""


def _values(measure: Measure, judged: Iterable[Judgement]) -> list[float]:
    return [value for one in judged if (value := measure(one)) is not None]


def summarise(judged: Sequence[Judgement]) -> dict[str, float]:
    """Every measure that applies to these questions, by name."""
    values = {name: _values(measure, judged) for name, measure in MEASURES.items()}
    figures = {name: float(np.mean(found)) for name, found in values.items() if found}
    confidences, answerable = confidence_pairs(judged)
    if answerable.any() and not answerable.all():
        figures["AUROC of confidence"] = measure_auroc(confidences, answerable)
        # Expected calibration error: mean distance of confidence and truth, by tenths of the scale.
        bins = reliability(confidences, answerable)
        distance = sum(count * abs(said - true) for said, true, count in bins)
        figures["calibration error"] = distance / len(confidences)
    figures["not verbatim"] = float(sum(one.forged for one in judged))
    return figures


def count_questions(judged: Sequence[Judgement]) -> dict[str, int]:
    """Over how many of these questions each measure is taken, by name."""
    sure = len(confidence_pairs(judged)[0])
    return {
        **{name: len(_values(measure, judged)) for name, measure in MEASURES.items()},
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


def confidence_intervals(judged: Sequence[Judgement]) -> dict[str, tuple[float, float]]:
    """95% bootstrap confidence interval of every measure, resampling the questions (Efron 1979)."""
    random = np.random.default_rng(0)
    intervals = {}
    for name, measure in MEASURES.items():
        if values := _values(measure, judged):
            means = random.choice(values, (_RESAMPLES, len(values))).mean(axis=1)
            low, high = np.percentile(means, (2.5, 97.5))
            intervals[name] = (float(low), float(high))
    return intervals
