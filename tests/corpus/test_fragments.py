"""The words that a link to the source names, where words repeat; tests/browser proves them in Chromium."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from app.corpus.passages import cut_article
from tests.web.answerer import make_article

FIT = "The fit stops by itself after a minute or two and your baby falls asleep."


def fragments(text: str, title: str = "Fits") -> list[str | None]:
    article = make_article("fits", title, text)
    return [passage.fragment and unquote(passage.fragment) for passage in cut_article(article)]


def test_short_passage_is_named_whole() -> None:
    article = make_article("fits", "Fits", "Signs\n\nThey stop, when the baby-cot warms & he wakes.\n")
    (passage,) = cut_article(article)
    assert passage.fragment == "They%20stop%2C%20when%20the%20baby%2Dcot%20warms%20%26%20he%20wakes."


def test_long_passage_is_named_by_its_first_and_last_words() -> None:
    assert fragments(f"Signs\n\n{FIT}\n") == ["The fit stops by itself,and your baby falls asleep."]


@pytest.mark.parametrize("sign", ["-", "•", "1.", "a)", "(1)", "(iv)", "2)", "–", "✓", "→"])
def test_bullets_and_numbers_are_not_named(sign: str) -> None:
    text = f"Signs\n\nLook for these signs:\n\n{sign} fever and chills\n\n{sign} going on after waking\n"
    assert fragments(text) == ["Look for these signs:,going on after waking"]


def test_rows_of_a_table_are_named_by_cells() -> None:
    text = "Doses\n\nAge | Dose of zonk | How often\n0 to 3 | none | never\n3 to 6 | 5 ml | twice a day\n"
    assert fragments(text) == ["Age,twice a day"]


def test_end_that_repeats_is_told_by_what_follows() -> None:
    text = (
        "Doses\n\nAge | Dose\n0 to 3 | twice a day\n3 to 6 | twice a day\n\nMore\n\n"
        "This goes on for a while, and nobody knows for how long, nor why, nor where.\n"
    )
    assert fragments(text)[0] == "Age,twice a day,-More"


def test_end_that_repeats_and_that_nothing_follows_is_named_in_two_directives() -> None:
    text = "Doses\n\nAge | Dose | How often\n0 to 3 | 2 ml | never\n3 to 6 | 2 ml | never\n"
    assert fragments(text) == ["Age,3 to 6&text=3 to 6-,2 ml,never"]


def test_words_that_stood_before_are_told_by_more_of_them_or_by_what_stands_above() -> None:
    longer = FIT.replace("minute or two", "minute")
    assert fragments(f"One\n\n{FIT}\n\nTwo\n\n{longer}\n\nThree\n\n{FIT}\n") == [
        "The fit stops by itself,and your baby falls asleep.",
        "The fit stops by itself after a minute and,your baby falls asleep.",
        "Three-,The fit stops by itself,and your baby falls asleep.",
    ]


def test_case_accents_and_quotation_marks_tell_nothing_apart() -> None:
    text = (
        "Signs Of A Café’s Fit\n\nNothing.\n\nMore\n\n"
        "signs of a cafe's fit\nare seen by all of those who look.\n"
    )
    assert fragments(text)[1] == "signs of a cafe's fit are,all of those who look."


def test_the_title_of_the_page_counts_where_the_text_does_not_have_it() -> None:
    text = "Signs\n\nIt is all over.\n"
    assert fragments(text, title="It is all over.") == ["Signs-,It is all over."]


def test_there_is_none_where_nothing_tells_the_words_apart() -> None:
    assert fragments(f"One\n\n{FIT}\n\nOne\n\n{FIT}\n\nOne\n\n{FIT}\n")[1:] == [None, None]
    assert fragments("Signs\n\n" + "字" * 900 + "\n") == [None]
