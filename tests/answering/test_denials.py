from __future__ import annotations

import pytest

from app.answering.denials import leave_out_denied


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("breathing fine, no fever, can I relax", "can I relax"),
        ("Legs jerk, she isn't hot and is feeding well. Why?", "Legs jerk, Why?"),
        ("leg shakes at night but no fever or rash", "leg shakes at night"),
        ("He hasn't got a temperature, his chin trembles", "his chin trembles"),
        ("No swelling that I can see - one knee is bent", "one knee is bent"),
        ("no change of colour and feeds well, so can I sleep?", "so can I sleep?"),
    ],
)
def test_clause_that_only_denies_a_sign_is_left_out(question: str, left: str) -> None:
    assert leave_out_denied(question) == left


@pytest.mark.parametrize(
    "question",
    [
        "no poo for three days",
        "not gaining weight, what now?",
        "meningitis without a rash",
        "isn't crawling, is that late?",
        "no fever",
        "No fever. Not hot.",
        "can it be serious if there is no fever?",
        "she does not stop twitching when I hold her leg, no idea why",
        "breathing fast",
    ],
)
def test_what_is_asked_about_stays(question: str) -> None:
    assert leave_out_denied(question) == question
