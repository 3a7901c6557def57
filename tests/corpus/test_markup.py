"""What holds for every page: each visible or openable word is kept or shown as dropped."""

from __future__ import annotations

import time
import unicodedata
from collections import Counter
from html import escape
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.corpus.drafts import Draft, ProposedMetadata
from app.corpus.markup import walk_markup
from app.corpus.saved import read_page

BLOCKS = (
    "p div section article h2 h3 li blockquote pre dd dt figcaption label header aside nav footer".split()
)
INLINE = "b strong i em a span sup sub q code small mark ins button u abbr cite".split()
APART = "del s strike select textarea noscript dialog svg iframe object".split()
UNSEEN = "script style template".split()
ATTRIBUTES = [
    "",
    ' class="panel"',
    ' class="sr-only"',
    ' aria-expanded="false"',
    ' aria-controls="x1"',
    ' href="#x1"',
    ' id="x1"',
    ' role="tabpanel"',
    ' role="dialog"',
    " hidden",
    ' hidden="until-found"',
    ' aria-hidden="true"',
    ' style="display:none"',
    ' style="vertical-align:super"',
    ' style="text-decoration: line-through"',
    ' style="font-weight: bold"',
]

_words = st.lists(
    st.sampled_from(
        "baby leg Sleep 38 10 2 [1] 2,3 st a ✓ ⚠ ▲ . : ; ? ½ é e\u0301 ﬁne “calm” 12–18 Call: it’s".split()
    ),
    min_size=1,
    max_size=6,
).map(lambda words: escape(" ".join(words)))
_gap = st.sampled_from(["", " ", "\n"])


def _element(tags: list[str], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, attribute, body, gap: f"<{tag}{attribute}>{body}</{tag}>{gap}",
        st.sampled_from(tags),
        st.sampled_from(ATTRIBUTES),
        inside,
        _gap,
    )


def _grow(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inside, min_size=1, max_size=4).map("".join)
    cells = st.lists(
        st.builds(
            "<{0}{1}>{2}</{0}>".format,
            st.sampled_from(["td", "th"]),
            st.sampled_from(["", "", " colspan=2", " rowspan=2", " rowspan=0", " hidden", " scope=row"]),
            several,
        ),
        min_size=1,
        max_size=3,
    ).map(lambda made: f"<tr>{''.join(made)}</tr>")
    table = st.lists(cells, min_size=1, max_size=3).map(lambda rows: f"<table>{''.join(rows)}</table>")
    listed = st.lists(several, min_size=1, max_size=3).map(
        lambda items: "<ul>" + "".join(f"<li>{item}" for item in items) + "</ul>"
    )
    folded = several.map(lambda body: f"<details><summary>{body}</summary>{body}</details>")
    return st.one_of(
        _element(BLOCKS, several), _element(INLINE, several), _element(APART, several), table, listed, folded
    )


_bodies = st.lists(
    st.recursive(st.one_of(_words, st.just("<br>"), st.just("<hr>")), _grow, max_leaves=12),
    min_size=1,
    max_size=6,
).map("".join)
_code = st.sampled_from(UNSEEN).map(lambda tag: f"<{tag}>unseenword</{tag}>")


def characters(words: str) -> Counter[str]:
    """What is to be read in words, by character; raised figures, joined letters and dashes count as they
    are said."""
    said = unicodedata.normalize("NFKC", words).translate(str.maketrans("-–", "−−"))
    return Counter("".join(said.split()))


def find_visible(source: str) -> str:
    """Every text node of a page that is no code, read by the parser alone."""
    page = walk_markup(source)
    return "".join(
        page.tree.xpath("//body//text()[not(ancestor::script|ancestor::style|ancestor::template)]")
    )


@given(parts=st.lists(st.one_of(_bodies, _bodies, _code), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_every_visible_character_is_kept_or_shown_as_dropped(parts: list[str]) -> None:
    source = f"<html><body><p>Start</p>{''.join(parts)}</body></html>"
    shown = "".join(piece.text for piece in walk_markup(source).pieces)
    assert characters(find_visible(source)) - characters(shown) == Counter()
    assert "unseenword" not in shown


@given(parts=st.lists(st.one_of(_bodies, _code), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_choosing_the_article_of_a_page_loses_nothing(parts: list[str]) -> None:
    prose = "<p>Babies jump in their sleep, and it is harmless for nearly all of them.</p>" * 3
    source = (
        f"<html><body><nav><a href=/>Home</a></nav><article>{prose}{''.join(parts)}</article></body></html>"
    )
    shown = "".join(piece.text for piece in read_page(source).pieces)
    assert characters(find_visible(source)) - characters(shown) == Counter()


@given(body=_bodies)
@settings(max_examples=60, deadline=None)
def test_what_is_said_no_longer_is_never_kept(body: str) -> None:
    marked = body.replace("baby", "zebra")
    source = f"<hr><del>{marked}</del><p>Then</p><div hidden>{marked}</div><div>So <s>{marked}</s>.</div>"
    assert [p.text for p in walk_markup(source).pieces if p.kept and "zebra" in p.text] == []


@given(body=_bodies)
@settings(max_examples=60, deadline=None)
def test_figures_never_join_those_before_them(body: str) -> None:
    numbers = count(100)
    source = f"<p>7<sup>{next(numbers)}</sup></p><p>7<a href='#n'>9</a></p>{body}"
    texts = [piece.text for piece in walk_markup(source).pieces]
    assert texts[0] == "7¹⁰⁰"
    assert texts[1] == "7"


@given(body=_bodies)
@settings(max_examples=80, deadline=None)
def test_what_is_kept_reads_back_as_it_was(body: str) -> None:
    draft = Draft(walk_markup(f"<h1>On legs</h1><p>Start.</p>{body}").pieces, ProposedMetadata())
    assert draft.is_read_from(draft.render("On legs"), "On legs")


@pytest.mark.parametrize(
    "tag", ["td", *(pytest.param(tag, marks=pytest.mark.thorough) for tag in ("p", "a href='#x'"))]
)
def test_time_is_linear_in_the_length_of_a_page(tag: str) -> None:
    def measure(times: int) -> float:
        began = time.process_time()
        walk_markup(f"<table><tr><td>{f'a <{tag}>1</{tag.split()[0]}> b' * times}</table>")
        return time.process_time() - began

    once = min(measure(500) for _ in range(3))
    assert min(measure(4000) for _ in range(2)) < 8 * once * 4
