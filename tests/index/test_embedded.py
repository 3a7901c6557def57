"""app/index/embedded.py: the tidied copy, and the stored text untouched."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app.index.embedded import body_start, embedded_introduction, embedded_sentence, embedded_text
from app.records import Article, Passage

TEXT = "Signs such as:\n   • Stiffness:  legs\n      rigid\n- Crying"
ARTICLE = Article(
    slug="a",
    title="A",
    publisher="P",
    url="https://example.org",
    retrieved=date(2026, 1, 1),
    rights="",
    text=TEXT,
    sha256="",
)
ITEMS = Passage(
    id="1",
    article="a",
    start=18,
    end=len(TEXT),
    text=TEXT[18:],
    section=("Causes", "Spasms"),
    sentences=((18, 48), (49, len(TEXT))),
    lead=(0, 14),
)


def test_model_sees_headings_lead_and_words_without_bullets_and_line_breaks() -> None:
    assert embedded_text(ARTICLE, ITEMS) == "Causes > Spasms: Signs such as: Stiffness: legs rigid Crying"


def test_own_words_begin_behind_the_heading_path() -> None:
    assert embedded_text(ARTICLE, ITEMS)[body_start(ITEMS) :].startswith("Signs such as:")


def test_title_and_heading_path_introduce_a_passage() -> None:
    assert embedded_introduction(ARTICLE, ITEMS) == "A: Causes > Spasms"
    assert embedded_introduction(ARTICLE, replace(ITEMS, section=())) == "A"


def test_sentence_is_seen_alone() -> None:
    assert embedded_sentence(ARTICLE, (49, len(TEXT))) == "Crying"
