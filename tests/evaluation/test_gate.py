"""What the gate lets through and what it refuses."""

from __future__ import annotations

import pytest

from app.errors import GateRefused
from app.evaluation.gate import compare, find_lost
from app.evaluation.measures import Reply, judge
from app.evaluation.questions import Gold, Question

FIGURES = {
    "success@3": 0.95,
    "refused": 0.85,
    "urgent noticed": 1.0,
    "urgent shown as none": 0.0,
    "today noticed": 0.97,
    "false today": 0.01,
    "wrongly refused": 0.02,
}


def test_no_worse_generation_passes() -> None:
    assert compare(FIGURES, {**FIGURES, "success@3": 0.935, "refused": 0.9}).reasons == ()


def test_first_generation_passes() -> None:
    assert compare({}, FIGURES).reasons == ()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("success@3", 0.92, "success@3 fell from 0.950 to 0.920 (at most 0.02 is allowed)"),
        ("refused", 0.79, "refused fell from 0.850 to 0.790 (at most 0.05 is allowed)"),
        ("urgent noticed", 0.99, "urgent noticed fell from 1.000 to 0.990 (at most 0 is allowed)"),
        ("today noticed", 0.94, "today noticed fell from 0.970 to 0.940 (at most 0.02 is allowed)"),
        (
            "urgent shown as none",
            0.01,
            "urgent shown as none rose from 0.000 to 0.010 (at most 0 is allowed)",
        ),
        ("false today", 0.04, "false today rose from 0.010 to 0.040 (at most 0.02 is allowed)"),
        ("wrongly refused", 0.05, "wrongly refused rose from 0.020 to 0.050 (at most 0.02 is allowed)"),
    ],
)
def test_worse_generation_is_refused_with_both_figures(name: str, value: float, reason: str) -> None:
    assert compare(FIGURES, {**FIGURES, name: value}).reasons == (reason,)


def test_lost_pinned_question_is_named_and_can_be_accepted() -> None:
    verdict = compare(FIGURES, FIGURES, lost=("pinned-1",))
    with pytest.raises(GateRefused, match="the pinned question pinned-1 lost its passage"):
        verdict.enforce(None)
    verdict.enforce("the article was withdrawn by its publisher")


def test_pinned_question_is_lost_only_when_it_was_held_before() -> None:
    question = Question(
        id="p", question="why?", kind="answerable", relevant=(Gold(article="a", quote="because", grade=3),)
    )
    texts = {"a": "because of that"}
    held = judge(question, Reply("p", (("a", "because of that"),), urgency="none", confidence=1), texts)
    missed = judge(question, Reply("p", (), urgency="none", confidence=1), texts)
    assert find_lost([held], [missed]) == ("p",)
    assert find_lost([missed], [missed]) == ()
    assert find_lost([held], [held]) == ()
