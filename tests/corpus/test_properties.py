"""What holds for every article, shown on articles that hypothesis makes up."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from app.corpus.passages import MAX_WORDS, cut_article
from app.corpus.structure import CONTENT, find_blocks, find_sections
from app.errors import CorpusError
from app.records import Article, Passage

MakeArticle = Callable[..., Article]

_words = st.lists(
    st.sampled_from(
        "baby leg twitch Sleep often e.g. Dr. 5 min. no is the of “calm” fits— 12–18 Moro the: |".split()
    ),
    min_size=1,
    max_size=40,
).map(" ".join)
_lines = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "    ", "\t"]),
    st.sampled_from(["", "", "• ", "- ", "* ", "1. ", "2) ", "# ", "## ", "| "]),
    _words,
    st.sampled_from([".", "?", "", ":", "!", ";"]),
)
_tables = st.just("Mineral Main Function\nIron Aids Transport\nZinc Helps Cells")
_rules = st.sampled_from(["---", "***", "|---|---|", "By Jo Smith"])
_unruly = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=80)
_texts = st.lists(
    st.tuples(
        st.one_of(_lines, _lines, _lines, _tables, _rules, _unruly),
        st.sampled_from(["\n", "\n\n", "\n \n\n"]),
    ),
    min_size=1,
    max_size=30,
).map(lambda parts: "".join(line + gap for line, gap in parts))


def cut(make_article: MakeArticle, text: str) -> tuple[Article, tuple[Passage, ...]]:
    article = make_article(text, exclude=("By Jo Smith",))
    try:
        return article, cut_article(article)
    except CorpusError:
        return article, ()


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_every_passage_is_a_trimmed_span(make_article: MakeArticle, text: str) -> None:
    article, passages = cut(make_article, text)
    assert [article.text[p.start : p.end] for p in passages] == [p.text for p in passages]
    assert all(passage.text.strip() == passage.text != "" for passage in passages)


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_no_passage_crosses_a_section(make_article: MakeArticle, text: str) -> None:
    article, passages = cut(make_article, text)
    sections = find_sections(text, find_blocks(article))
    for passage in passages:
        held = [path for path, b in sections if b[0].start <= passage.start and passage.end <= b[-1].end]
        assert held == [passage.section]


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_no_passage_has_more_than_200_words(make_article: MakeArticle, text: str) -> None:
    _, passages = cut(make_article, text)
    assert all(len(passage.text.split()) <= MAX_WORDS for passage in passages)


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_content_stands_in_exactly_one_passage(make_article: MakeArticle, text: str) -> None:
    article, passages = cut(make_article, text)
    content = [
        i
        for b in find_blocks(article)
        if b.kind in CONTENT
        for i in range(b.start, b.end)
        if not text[i].isspace()
    ]
    held = [
        i for p in passages for start, end in p.sentences for i in range(start, end) if not text[i].isspace()
    ]
    assert held == content


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_passages_stand_in_order_and_never_overlap(make_article: MakeArticle, text: str) -> None:
    _, passages = cut(make_article, text)
    edges = [edge for passage in passages for edge in (passage.start, passage.end)]
    assert edges == sorted(edges)


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_blocks_cover_all_but_white_space_and_marks(make_article: MakeArticle, text: str) -> None:
    edges = [
        0,
        *(edge for block in find_blocks(make_article(text)) for edge in (block.start, block.end)),
        len(text),
    ]
    assert edges == sorted(edges)
    gaps = (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    assert [gap for gap in gaps if gap.replace("#", "").strip()] == []


@given(text=_texts)
@settings(max_examples=120, deadline=None)
def test_ids_are_unique_and_the_same_each_time(make_article: MakeArticle, text: str) -> None:
    _, passages = cut(make_article, text)
    assert len({passage.id for passage in passages}) == len(passages)
    assert passages == cut(make_article, text)[1]


def seconds_to_cut(article: Article) -> float:
    started = time.process_time()
    cut_article(article)
    return time.process_time() - started


def test_time_is_linear_in_the_length_of_an_article(make_article: MakeArticle) -> None:
    section = "Sleep\n\nBabies twitch. Look out for:\n\n• Fever\n• Fits\n\nA | B\nC | D\n\nIt passes.\n\n"
    seconds_to_cut(make_article(section))
    once = min(seconds_to_cut(make_article(section * 500)) for _ in range(3))
    eightfold = seconds_to_cut(make_article(section * 4000))
    assert eightfold < 8 * once * 3
