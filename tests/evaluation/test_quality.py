"""A floor under the answers to the development questions, so that what makes them worse fails here."""

from __future__ import annotations

from app.answering.answer import IndexAnswerer
from app.evaluation.measures import summarise
from app.evaluation.questions import read_questions
from app.evaluation.trial import ask_all
from app.settings import ROOT

LEAST = {
    "success@1": 0.83,
    "success@3": 0.95,
    "refused": 0.9,
    "urgent noticed": 1.0,
    "AUROC of confidence": 0.97,
}
MOST = {"wrongly refused": 0.04, "false alarms": 0.0, "not verbatim": 0.0}


def test_development_questions_are_answered_as_well_as_they_were(answerer: IndexAnswerer) -> None:
    figures = summarise(ask_all(answerer, read_questions(ROOT / "tests" / "questions" / "dev.jsonl")))
    assert {name: value for name, value in figures.items() if value < LEAST.get(name, 0)} == {}
    assert {name: value for name, value in figures.items() if value > MOST.get(name, 1)} == {}
