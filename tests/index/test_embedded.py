"""app/index/embedded.py: the tidied copy, and the stored text untouched."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app.index.embedded import embedded_passage, embedded_sentence
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
    _, text, start = embedded_passage(ARTICLE, ITEMS)
    assert text == "Causes > Spasms: Signs such as: Stiffness: legs rigid Crying"
    assert text[start:].startswith("Signs such as:")


def test_title_and_heading_path_introduce_a_passage() -> None:
    assert embedded_passage(ARTICLE, ITEMS)[0] == "A: Causes > Spasms"
    assert embedded_passage(ARTICLE, replace(ITEMS, section=()))[0] == "A"


def test_sentence_is_seen_alone() -> None:
    assert embedded_sentence(ARTICLE, (49, len(TEXT))) == "Crying"
