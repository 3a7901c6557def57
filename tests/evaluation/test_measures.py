"""Measures, each by values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.evaluation.measures import (
    RunLine,
    confidence_intervals,
    confidence_pairs,
    judge,
    measure_auroc,
    reliability,
    summarise,
)
from app.evaluation.questions import Gold, Question
from app.records import Urgency

FIRST = "Shuddering attacks are rare and harmless in infants."
SECOND = "They resolve by the age of two or three years at most."
THIRD = "Electrolytes such as calcium matter for the muscles too."
TEXTS = {"one": f"{FIRST} {SECOND}", "two": THIRD}
QUESTION = Question(
    id="q",
    question="is it harmless?",
    kind="answerable",
    relevant=(
        Gold(article="one", quote=FIRST, grade=3),
        Gold(article="one", quote=SECOND, grade=2),
        Gold(article="two", quote=THIRD, grade=1),
    ),
)


def reply(
    *passages: tuple[str, str],
    urgency: Urgency = "none",
    confidence: float = 0.9,
    language: str | None = None,
) -> RunLine:
    return RunLine("q", passages, urgency, confidence, language)


def test_passage_has_the_highest_grade_that_it_covers() -> None:
    judged = judge(QUESTION, reply(("two", THIRD), ("one", f"{FIRST} {SECOND}")), TEXTS)
    assert judged.grades == (1, 3)
    assert judged.first_good_rank() == 2
    assert judged.recall == 1.0


def test_passage_that_holds_less_than_sixty_per_cent_of_a_quote_does_not_cover_it() -> None:
    assert judge(QUESTION, reply(("one", FIRST[: int(len(FIRST) * 0.59)])), TEXTS).grades == (0,)
    assert judge(QUESTION, reply(("one", FIRST[: int(len(FIRST) * 0.62)])), TEXTS).grades == (3,)


def test_what_a_reader_does_not_read_any_more_does_not_count() -> None:
    padded = "word " * 240
    texts = {"one": padded + FIRST}
    question = QUESTION.model_copy(update={"relevant": QUESTION.relevant[:1]})
    assert judge(question, reply(("one", texts["one"])), texts).grades == (0,)


def test_passage_that_is_not_verbatim_is_counted_and_covers_nothing() -> None:
    judged = judge(QUESTION, reply(("one", FIRST.replace("rare", "common")), ("one", "")), TEXTS)
    assert judged.grades == (0, 0)
    assert judged.forged == 2


def test_passage_of_another_article_covers_nothing() -> None:
    texts = {**TEXTS, "three": FIRST}
    assert judge(QUESTION, reply(("three", FIRST)), texts).grades == (0,)


def test_summary_holds_every_measure_by_value() -> None:
    other = QUESTION.model_copy(update={"id": "none", "kind": "unanswerable", "relevant": ()})
    alarm = QUESTION.model_copy(update={"id": "alarm", "kind": "urgent"})
    today = QUESTION.model_copy(update={"id": "today", "kind": "today"})
    foreign = QUESTION.model_copy(update={"id": "foreign", "kind": "harmless", "language": "es"})
    judged = [
        judge(QUESTION, reply(("one", SECOND), ("two", THIRD)), TEXTS),
        judge(QUESTION, reply(confidence=0.2), TEXTS),
        judge(other, reply(confidence=0.1), TEXTS),
        judge(other, reply(("two", THIRD), urgency="now", confidence=0.4), TEXTS),
        judge(alarm, reply(urgency="now"), TEXTS),
        judge(alarm, reply(urgency="today"), TEXTS),
        judge(alarm, reply(language="de"), TEXTS),
        judge(today, reply(urgency="now"), TEXTS),
        judge(today, reply(), TEXTS),
        judge(foreign, reply(urgency="today", language="es"), TEXTS),
        judge(foreign, reply(), TEXTS),
    ]
    assert summarise(judged) == {
        "success@1": 0.5,
        "success@1 (grade 3)": 0.0,
        "success@3": 0.5,
        "MRR@5": 0.5,
        "recall@5": 0.25,
        "precision@3": 0.5,
        "good match fits": 1.0,
        "wrongly refused": 0.5,
        "refused": 0.5,
        "urgent noticed": pytest.approx(1 / 3),
        "urgent shown as none": pytest.approx(1 / 3),
        "today noticed": 0.5,
        "false alarms": pytest.approx(1 / 6),
        "false today": pytest.approx(1 / 6),
        "language recognised": 0.5,
        "English taken for another": pytest.approx(1 / 9),
        "AUROC of confidence": 0.75,
        "calibration error": pytest.approx((0.1 + 0.8 + 0.1 + 0.4) / 4),
        "not verbatim": 0.0,
    }


def test_auroc_counts_ties_one_half() -> None:
    confidences, answerable = np.array([0.5, 0.5, 0.9, 0.1]), np.array([True, False, True, False])
    assert measure_auroc(confidences, answerable) == 0.875


def test_calibration_error_is_the_mean_distance_by_tenths() -> None:
    other = QUESTION.model_copy(update={"kind": "unanswerable", "relevant": ()})
    said = ((QUESTION, 0.95), (other, 0.95), (other, 0.05), (other, 0.05))
    judged = [judge(question, reply(confidence=confidence), TEXTS) for question, confidence in said]
    assert reliability(*confidence_pairs(judged)) == [(0.05, 0.0, 2), (0.95, 0.5, 2)]
    assert summarise(judged)["calibration error"] == pytest.approx(0.25)


def test_interval_of_a_sure_thing_has_no_width_and_of_a_mixed_one_holds_the_mean() -> None:
    judged = [judge(QUESTION, reply(("one", FIRST)), TEXTS)] * 5 + [judge(QUESTION, reply(), TEXTS)] * 5
    intervals = confidence_intervals(judged)
    low, high = intervals["success@1"]
    assert low < 0.5 < high
    assert confidence_intervals(judged[:5])["success@1"] == (1.0, 1.0)
