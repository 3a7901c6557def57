"""Words become HTML without one character changed, added or dropped."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.errors import CorpusError
from app.records import Article
from app.settings import ROOT
from app.web.typeset import lay_out_article, typeset
from tests.web.answerer import JERKS, make_article

ARTICLES = {article.slug: article for article in read_corpus(ROOT / "corpus")}
TEXTS = st.text(
    st.sampled_from("ab<>&\"' .:\t•-1") | st.just("\n") | st.characters(exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=200,
)


def words_of(markup: str) -> str:
    """What a browser takes as the text of this HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def joined(article: Article) -> str:
    return "".join(words_of(part.html) for part in lay_out_article(article, cut_article(article)))


@given(TEXTS, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=4))
def test_text_comes_back_whatever_is_marked(text: str, marks: list[tuple[int, int]]) -> None:
    article = make_article("made-up", "Made up", text)
    assert words_of(typeset(article, (0, len(text)), marks)) == text


@given(TEXTS)
def test_any_article_comes_back_whole(text: str) -> None:
    article = make_article("made-up", "Made up", text)
    try:
        assert joined(article) == text
    except CorpusError:
        assert words_of(typeset(article, (0, len(text)))) == text


@pytest.mark.parametrize("slug", ARTICLES)
def test_articles_of_the_corpus_come_back_whole(slug: str) -> None:
    assert joined(ARTICLES[slug]) == ARTICLES[slug].text


@pytest.mark.parametrize("slug", ARTICLES)
def test_every_passage_of_the_corpus_comes_back(slug: str) -> None:
    article = ARTICLES[slug]
    for passage in cut_article(article):
        marks = passage.sentences[::2]
        assert words_of(typeset(article, (passage.start, passage.end), marks)) == passage.text


def test_lines_lists_and_tables_are_told_apart() -> None:
    article = make_article("jerks", "Why Babies Jerk", JERKS)
    start, end = JERKS.index("Call a doctor"), JERKS.index("\n\nHow Minerals")
    assert typeset(article, (start, end)) == (
        '<span class="line">Call a doctor if the jerks:\n</span>'
        '<span class="gap">\n</span>'
        '<span class="item">    • come with fever\n</span>'
        '<span class="item">    • go on after waking</span>'
    )
    start, end = JERKS.index("Mineral Main"), JERKS.index("\nIron")
    assert typeset(article, (start, end)) == (
        '<span class="row head">Mineral Main Job Common Source\n</span>'
        '<span class="row">Calcium Aids each muscle and nerve. Breast milk.</span>'
    )


def test_marked_sentence_is_marked_and_signs_are_escaped() -> None:
    text = 'Jerks & <jerks>. They "stop".'
    article = make_article("jerks", "Jerks", text)
    assert typeset(article, (0, len(text)), [(0, 16)]) == (
        '<span class="line"><mark>Jerks &amp; &lt;jerks&gt;.</mark> They "stop".</span>'
    )


def test_the_marks_of_headings_are_there_and_hidden() -> None:
    article = make_article(
        "made-up", "Made up", "# Made up\n\n## Sleep\n\nIt passes.\n\n### Waking\n\nIt stops.\n"
    )
    parts = list(lay_out_article(article, cut_article(article)))
    assert [(part.name, part.level) for part in parts if part.level] == [
        ("Made up", 1),
        ("Sleep", 2),
        ("Waking", 3),
    ]
    assert [part.html for part in parts if "#" in part.html] == [
        "<span hidden># </span>",
        "<span hidden>\n\n## </span>",
        "<span hidden>\n\n### </span>",
    ]


def test_headings_of_the_same_name_have_each_its_own_level() -> None:
    text = (
        "# Fits\n\n## Signs\n\nShort.\n\n## Waking\n\n### Signs\n\nLong.\n\n#### Signs\n\n"
        "##### a\n\n###### b\n\nOn.\n"
    )
    article = make_article("fits", "Fits", text)
    parts = lay_out_article(article, cut_article(article))
    assert [(part.name, part.level) for part in parts if part.level > 1] == [
        ("Signs", 2),
        ("Waking", 2),
        ("Signs", 3),
        ("Signs", 4),
        ("a", 5),
        ("b", 6),
    ]
