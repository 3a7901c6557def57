"""Words that calm and words that send for help, told apart as kinds."""

from __future__ import annotations

import pytest

from app.answering.reassurance import reassures, warns


@pytest.mark.parametrize(
    "text",
    [
        "This is normal at her age.",
        "It is a harmless reflex.",
        "There is no need to worry.",
        "It is not usually dangerous.",
        "They do not hurt the baby.",
        "No further diagnosis is necessary.",
        "Most children outgrow it.",
        "It will pass on its own.",
        "It is probably nothing.",
        "That is quite common.",
        "These movements aren’t a cause for concern.",
        "It usually settles by the age of two.",
    ],
)
def test_words_that_calm_are_known(text: str) -> None:
    assert reassures(text)


@pytest.mark.parametrize(
    "text",
    [
        "Call a doctor if the jerks come with fever.",
        "Seek medical attention if your baby is hard to wake.",
        "It could be a reason to worry.",
        "Note how long it lasts and which limbs move.",
    ],
)
def test_words_that_do_not_calm_are_let_through(text: str) -> None:
    assert not reassures(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Talk to your pediatrician.", True),
        ("Medical evaluation is important.", True),
        ("An ambulance may be needed.", True),
        ("It can be a reason to worry.", True),
        ("Newborns sleep a lot.", False),
    ],
)
def test_words_that_send_for_help_are_known(text: str, expected: bool) -> None:
    assert warns(text) is expected
