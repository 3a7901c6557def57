"""Words become HTML without one character changed, added or dropped."""

from __future__ import annotations

import html
import re

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.corpus.passages import cut_article
from app.corpus.structure import Kind, find_blocks, find_tables
from app.errors import CorpusError
from app.records import Article
from app.web.typeset import find_block, lay_out_article, typeset
from tests.articles import read_five
from tests.web.answerer import JERKS, make_article

ARTICLES = {article.slug: article for article in read_five()}
TEXTS = st.text(
    st.sampled_from("ab<>&\"' .:\t•-1") | st.just("\n") | st.characters(exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=200,
)


def words_of(markup: str) -> str:
    """What a browser takes as the text of this HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def text_in_browser(markup: str) -> str:
    """The text content after a browser's parser has had its way with it."""
    return "".join(html5lib.parseFragment(f"<div>{markup}</div>", namespaceHTMLElements=False).itertext())


def joined(article: Article) -> str:
    words = [words_of(part.html) for part in lay_out_article(article, cut_article(article))]
    assert "" not in words
    return "".join(words)


@settings(deadline=None)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=4))
def test_text_comes_back_whatever_is_marked(text: str, marks: list[tuple[int, int]]) -> None:
    article = make_article("made-up", "Made up", text)
    markup = typeset(article, (0, len(text)), marks)
    assert words_of(markup) == text
    assert text_in_browser(markup) == text
    assert "<mark></mark>" not in markup


@settings(deadline=None)
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
        markup = typeset(article, (passage.start, passage.end), marks)
        assert words_of(markup) == text_in_browser(markup) == passage.text


def test_lines_lists_and_tables_are_told_apart() -> None:
    article = make_article("jerks", "Why Babies Jerk", JERKS)
    start, end = JERKS.index("Call a doctor"), JERKS.index("\n\nHow Minerals")
    assert typeset(article, (start, end)) == (
        "<p>Call a doctor if the jerks:\n\n    </p>"
        '<ul role="list">'
        '<li><span class="sign" aria-hidden="true">• </span>come with fever\n    </li>'
        '<li><span class="sign" aria-hidden="true">• </span>go on after waking</li>'
        "</ul>"
    )
    start, end = JERKS.index("Mineral Main"), JERKS.index("\nIron")
    assert typeset(article, (start, end)) == (
        '<table class="wide"><tr><th scope="colgroup" colspan="3">Mineral Main Job Common Source\n</th></tr>'
        '<tr><th scope="row">Calcium </th><td>Aids each muscle and nerve. </td><td>Breast milk.</td></tr>'
        "</table>"
    )


def test_numbered_list_keeps_its_numbers() -> None:
    text = "To do\n\nHelp your baby in this order:\n\n1. Stay calm.\n2. Film it.\n"
    article = make_article("to-do", "To do", text)
    assert typeset(article, (text.index("1."), len(text))) == (
        '<ol role="list"><li><span class="sign">1. </span>Stay calm.\n</li>'
        '<li><span class="sign">2. </span>Film it.\n</li></ol>'
    )


BARS = """Sleep

How long babies sleep:

| Age | Night | Day | Naps |
|-----|-------|-----|------|
| 1 month | 8 h | 8 h | many |
| 1 year | 11 h || 2 |
"""


def test_table_with_bars_has_cells_and_its_bars_and_rules_are_hidden() -> None:
    article = make_article("sleep", "Sleep", BARS)
    span = (BARS.index("| Age"), len(BARS) - 1)
    html = typeset(article, span, [(BARS.index("8 h"), BARS.index("8 h") + 3)])
    assert words_of(html) == BARS[slice(*span)]
    table = html5lib.parse(html, namespaceHTMLElements=False).find("body/table")
    assert "".join(table.itertext()) == BARS[slice(*span)]
    rows = [["".join(cell.itertext()).strip("| \n") for cell in row] for row in table.iter("tr")]
    assert rows == [
        ["Age", "Night", "Day", "Naps"],
        ["-----", "-------", "-----", "------"],
        ["1 month", "8 h", "8 h", "many"],
        ["1 year", "11 h", "", "2"],
    ]
    assert [("hidden" in row.attrib) for row in table.iter("tr")] == [False, True, False, False]
    assert [cell.get("data-label") for cell in table.iter("td")][1:4] == ["Night", "Day", "Naps"]
    assert [mark.text for mark in table.iter("mark")] == ["8 h"]


@pytest.mark.parametrize(
    ("columns", "tag", "across"),
    [(("Age", "Night"), "<table>", ""), (("Age", "Night", "Day"), '<table class="wide">', ' colspan="2"')],
)
def test_row_that_ends_early_goes_across_and_more_than_two_columns_are_wide(
    columns: tuple[str, ...], tag: str, across: str
) -> None:
    text = f"Ages\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n| 1 year | 11 h |\n"
    html = typeset(make_article("ages", "Ages", text), (text.index("| Age"), len(text) - 1))
    assert html.startswith(f'{tag}<tr><th scope="col"><span hidden>| </span>Age</th><th scope="col">')
    assert html.endswith(
        '<tr><th scope="row"><span hidden>| </span>1 year</th>'
        f'<td{across} data-label="Night"><span hidden> | </span>11 h<span hidden> |</span></td></tr></table>'
    )


def test_block_is_found_by_any_of_its_characters() -> None:
    article = make_article("sleep", "Sleep", BARS)
    for words, kind in (("Sleep", Kind.TITLE), ("1 month", Kind.TABLE_ROW), ("How long", Kind.PARAGRAPH)):
        start = BARS.index(words)
        assert [find_block(article, start + place).kind for place in (0, 4)] == [kind, kind]


def test_row_whose_cells_cannot_be_told_apart_is_one_cell() -> None:
    text = (
        "Food\n\nName Main Use Where Found\nVitamin D Builds bones Fish oil\n"
        "Iron Carries air Meat\nZinc Heals what is Cut And more Cereals\n"
    )
    article = make_article("food", "Food", text)
    assert [
        [article.text[slice(*cell)].strip() for cell in cells]
        for table in find_tables(text, find_blocks(article))
        for _, cells in table
    ] == [
        ["Name Main Use Where Found"],
        ["Vitamin D", "Builds bones", "Fish oil"],
        ["Iron", "Carries air", "Meat"],
        ["Zinc Heals what is Cut And more Cereals"],
    ]


def test_marked_sentence_is_marked_and_signs_are_escaped() -> None:
    text = 'Jerks & <jerks>. They "stop".'
    article = make_article("jerks", "Jerks", text)
    assert typeset(article, (0, len(text)), [(0, 16)]) == (
        '<p><mark>Jerks &amp; &lt;jerks&gt;.</mark> They "stop".</p>'
    )
    text = 'They "stop". Jerks & <jerks>.'
    assert typeset(make_article("jerks", "Jerks", text), (0, len(text)), [(13, 29)]) == (
        '<p>They "stop". <mark>Jerks &amp; &lt;jerks&gt;.</mark></p>'
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
