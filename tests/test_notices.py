"""The fixed words in other languages."""

from __future__ import annotations

from app.notices import EMERGENCY_SIGNS, translations


def test_every_translation_has_each_sign_of_the_card_and_says_who_reviewed_it() -> None:
    found = translations()
    assert [code for code, words in found.items() if len(words.signs) != len(EMERGENCY_SIGNS)] == []
    assert [code for code, words in found.items() if not (words.reviewed and words.reads_english)] == []
    assert {code for code, words in found.items() if words.direction == "rtl"} == {"ar", "fa", "he", "ur"}
