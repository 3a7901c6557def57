"""A floor under the answers to the development questions, so that what makes them worse fails here."""

from __future__ import annotations

import pytest

from app.answering.answer import IndexAnswerer
from app.evaluation.measures import ask_all, summarise
from app.evaluation.questions import read_questions
from app.settings import ROOT

LEAST = {
    "success@1": 0.8,
    "success@3": 0.91,
    "refused": 0.85,
    "urgent noticed": 1.0,
    "AUROC of confidence": 0.97,
}
MOST = {"wrongly refused": 0.04, "false alarms": 0.0, "not verbatim": 0.0}

SAID = {"good": (0.7, 1.0), "fair": (0.35, 0.7), "weak": (0.0, 0.4)}
"""What `app.notices.SURENESS` says, as shares of the answers: most, about half, and that most do not."""
QUESTIONS = ROOT / "tests" / "questions"


def test_development_questions_are_answered_as_well_as_they_were(answerer: IndexAnswerer) -> None:
    figures = summarise(ask_all(answerer, read_questions(QUESTIONS / "dev.jsonl")))
    assert {name: value for name, value in figures.items() if value < LEAST.get(name, 0)} == {}
    assert {name: value for name, value in figures.items() if value > MOST.get(name, 1)} == {}


@pytest.mark.thorough
def test_what_is_said_of_a_match_is_what_was_measured(answerer: IndexAnswerer) -> None:
    questions = [
        one for name in ("dev", "heldout", "practice") for one in read_questions(QUESTIONS / f"{name}.jsonl")
    ]
    figures = summarise(ask_all(answerer, questions))
    measured = {step: figures[f"{step} match fits"] for step in SAID}
    assert {step: share for step, share in measured.items() if not within(share, SAID[step])} == {}


def within(share: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= share <= bounds[1]
