"""Confidence and outcomes of the real index, calibrated on the real questions."""

from __future__ import annotations

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.answering.confidence import CALIBRATION, FEATURES, Calibration
from app.errors import WrongModel

WEIGHTS = "0" * 64
CALIBRATED = Calibration(
    weights_sha256=WEIGHTS,
    means=[0.0] * 8,
    scales=[1.0] * 8,
    coefficients=[1.0, *[0.0] * 6, 2.0],
    intercept=-1.0,
    subject_coefficients=[0.5, 0.0],
    subject_intercept=0.25,
    answered=0.25,
    closest=0.05,
    questions={"answerable": 1, "unanswerable": 1},
    created="20261122T000000Z",
)


def test_confidence_is_the_logistic_of_the_weighted_features_and_the_subject() -> None:
    features = np.zeros(len(FEATURES))
    features[0] = 0.5
    confidence = CALIBRATED.estimate(features, np.array([1.0, 0.0], dtype=np.float32))
    assert confidence == pytest.approx(1 / (1 + np.exp(-(0.5 + 2 * 0.75 - 1))))


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [(0.25, "answered"), (0.2499, "closest"), (0.05, "closest"), (0.0499, "none")],
)
def test_outcome_follows_the_thresholds(confidence: float, outcome: str) -> None:
    assert CALIBRATED.decide(confidence) == outcome


def test_calibration_of_another_model_is_refused(answerer: IndexAnswerer) -> None:
    manifest = answerer.index.generation.manifest
    other = manifest.model_copy(update={"extra": {CALIBRATION: CALIBRATED.model_dump()}})
    with pytest.raises(WrongModel, match="another model"):
        Calibration.read(other)


@pytest.mark.parametrize(
    "question",
    [
        "asdkjh qwpoei zzmxn",
        "?????",
        "the",
        "why does my dog twitch and kick his legs while sleeping",
        "how many ml of ibuprofen for a fever of 39",
        "which car seat fits a small hatchback",
        "¿cuántos dientes tiene un bebé de seis meses?",
        "what is the capital of mongolia",
    ],
)
def test_what_the_articles_do_not_answer_is_not_answered(answerer: IndexAnswerer, question: str) -> None:
    answer = answerer.answer(question)
    assert answer.outcome != "answered"
    assert answer.matches == ()


@pytest.mark.parametrize(
    "question",
    ["is shuddering dangerous?", "can cold air make her legs jump?", "what does infantile spasm look like"],
)
def test_what_the_articles_answer_is_answered(answerer: IndexAnswerer, question: str) -> None:
    answer = answerer.answer(question)
    assert answer.outcome == "answered"
    assert answer.confidence > 0.5
    assert answer.closest == ()


def test_punctuation_alone_gets_nothing_and_no_confidence(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("?????")
    assert (answer.outcome, answer.confidence, answer.closest) == ("none", 0.0, ())


def test_help_stands_beside_a_passage_that_does_not_say_when_to_get_help(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("is shuddering dangerous?")
    (found,) = answer.help
    assert found.article == answer.matches[0].article
    assert found.passage.section[-1] == "Accompanying Symptoms"


def test_passage_that_says_when_to_get_help_needs_no_other(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("when should I seek medical advice for baby leg spasm?")
    assert answer.matches[0].passage.section[-1] == "When should I seek medical advice for Baby Leg Spasm?"
    assert answer.help == ()
