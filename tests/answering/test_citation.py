"""Citations and links hold exactly what they should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from lxml import html
from markdown_it import MarkdownIt

from app.answering.citation import cite_markdown, cite_plain
from app.answering.replies import IndexReference, NoticesReply, PassageLinks, VerificationReply
from app.corpus.passages import cut_article
from app.notices import DISCLAIMER
from app.records import Article, Passage
from tests.web.answerer import JERKS, make_article
from tests.web.page import squeeze

Cite = Callable[[Article, Passage, str], str]

ARTICLE = make_article("jerks", "Why *Babies* Jerk", JERKS, author="A. Writer")
PERMALINK = "https://nightlight.example/p/0123456789abcdef"


def passage_of(text: str, article: Article = ARTICLE) -> Passage:
    return Passage("0123456789abcdef", article.slug, 0, len(text), text, ("Section",))


def test_plain_citation_is_exactly_this() -> None:
    assert cite_plain(ARTICLE, passage_of("They stop when the baby wakes up."), PERMALINK) == (
        "Under the heading “Section”:\n"
        "\n"
        "“They stop when the baby wakes up.”\n"
        "\n"
        "From: Why *Babies* Jerk\n"
        "Author: A. Writer\n"
        "Publisher: Example & Sons\n"
        "Address: https://example.org/jerks (as it stood on 21 November 2026)\n"
        "This extract: https://nightlight.example/p/0123456789abcdef\n"
        "\n"
        f"{DISCLAIMER}"
    )


def test_markdown_citation_is_exactly_this() -> None:
    assert cite_markdown(ARTICLE, passage_of("Look for:\n    • fever\n- *other* signs"), PERMALINK) == (
        "> **Section**\n"
        ">\n"
        "> Look for:\n"
        ">\n"
        "> • fever\n"
        ">\n"
        "> \\- \\*other\\* signs\n"
        "\n"
        "[Why \\*Babies\\* Jerk](<https://example.org/jerks>), A. Writer, Example & Sons, "
        "as it stood on 21 November 2026. "
        "[This extract](<https://nightlight.example/p/0123456789abcdef>)\n"
        "\n"
        f"{DISCLAIMER}"
    )


@pytest.mark.parametrize("cite", [cite_plain, cite_markdown])
def test_disclaimer_stands_once_below_where_many_are_cited(cite: Callable[..., str]) -> None:
    passage = passage_of("They stop.")
    alone = cite(ARTICLE, passage, PERMALINK, disclaimer=False)
    assert cite(ARTICLE, passage, PERMALINK) == f"{alone}\n\n{DISCLAIMER}"


@pytest.mark.parametrize("cite", [cite_plain, cite_markdown])
def test_citation_has_the_whole_heading_path_the_lead_in_and_both_dates(cite: Cite) -> None:
    text = "Do not do any of this:\n\n- hold the child down\n- put anything in the mouth"
    article = replace(ARTICLE, text=text, reviewed=date(2025, 5, 3))
    start = text.index("- put")
    passage = Passage("0" * 16, "jerks", start, len(text), text[start:], ("In a fit", "Don't"), lead=(0, 22))
    cited = cite(article, passage, PERMALINK)
    places = [
        cited.replace("\\", "").index(words)
        for words in ("In a fit > Don't", "Do not do any of this:", "[...]", "put anything in the mouth")
    ]
    assert places == sorted(places)
    assert "as it stood on 21 November 2026, checked on 3 May 2025" in cited


def test_citation_without_an_author_or_heading_names_none() -> None:
    anonymous = replace(ARTICLE, author=None)
    bare = replace(passage_of("Words."), section=())
    assert "Author" not in cite_plain(anonymous, bare, PERMALINK)
    assert cite_plain(anonymous, bare, PERMALINK).startswith("“Words.”")
    assert cite_markdown(anonymous, bare, PERMALINK).startswith(
        "> Words.\n\n[Why \\*Babies\\* Jerk](<https://example.org/jerks>), Example & Sons,"
    )


SIGNS = (
    "1. First", "2) second", "# Heading", "<b>bold</b>", "[a](b)", "![a](b)", "`code`", "=====",
    "---", "a | b", "a_b_c", "&lt;b&gt;", "&amp;", "&#60;i&#62;", "&#x3c;", "Q&A; R&D", "~~gone~~",
    "\\*", "+ plus", "- minus", "***", "* * *", "_ _ _", "<https://e.org>", "<!-- x -->",
    "| a | b |", "|---|---|", ": note", "a  ", "[^1]", "[x]: y", "**Do not**", "> quoted", "$x$",
    "``` js", "-", "1.", "    deep", "5 < 6 > 4", "a\\", "H^2^O",
)  # fmt: skip


@pytest.mark.parametrize("text", SIGNS)
def test_markdown_signs_of_the_article_are_shown_not_read(text: str) -> None:
    words = f"{text}\nand on\n{text}"
    passage = replace(passage_of(words), section=(f"Do {squeeze(text)} it", squeeze(text)))
    article = replace(ARTICLE, title=f"A {text} title", author=text, publisher=text)
    page = html.fromstring(
        MarkdownIt("gfm-like", {"linkify": False}).render(cite_markdown(article, passage, PERMALINK))
    )
    quoted = [squeeze(block.text_content()) for block in page.iter("p")]
    heading = f"Do {text} it > {text}"
    assert quoted[:4] == [squeeze(line) for line in (heading, text, "and on", text)]
    source = f"A {text} title, {text}, {text}, as it stood on 21 November 2026. This extract"
    assert quoted[4] == squeeze(source)
    assert quoted[5:] == [DISCLAIMER]
    assert {element.tag for element in page.iter()} <= {"div", "blockquote", "p", "strong", "a"}
    assert [strong.text_content() for strong in page.iter("strong")] == [squeeze(heading)]


def test_source_link_has_the_passages_fragment_behind_one_that_is_there() -> None:
    passage = replace(passage_of("They stop."), fragment="They%20stop.")
    anchored = replace(ARTICLE, url="https://example.org/a#b")
    assert PassageLinks.of(ARTICLE, passage).source == "https://example.org/jerks#:~:text=They%20stop."
    assert PassageLinks.of(anchored, passage).source == "https://example.org/a#b:~:text=They%20stop."
    assert PassageLinks.of(anchored, passage_of("They stop.")).source == "https://example.org/a#b"


def prove(article: Article, passage: Passage) -> VerificationReply:
    index = IndexReference(generation="20261122T010000Z-words", model="shared-words")
    return VerificationReply.of(article, passage, NoticesReply.of(), index)


def test_proof_shows_the_words_around() -> None:
    passage = cut_article(ARTICLE)[1]
    proof = prove(ARTICLE, passage)
    assert (proof.exact, proof.sha256) == (True, ARTICLE.sha256)
    assert ARTICLE.text[: passage.start].endswith(proof.before)
    assert ARTICLE.text[passage.end :].startswith(proof.after)


def test_proof_fails_when_the_article_is_another() -> None:
    passage = cut_article(ARTICLE)[0]
    proof = prove(replace(ARTICLE, text="x" + ARTICLE.text), passage)
    assert (proof.exact, proof.article_sha256_matches, proof.text_matches) == (False, False, False)
