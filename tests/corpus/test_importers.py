"""Documents of every kind, and what is kept of them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from resource import RLIMIT_AS, RLIMIT_CPU, getrlimit

import pytest
from fpdf import FPDF

from app.corpus import importers
from app.corpus.drafts import Draft, ProposedMetadata
from app.corpus.importers import MAX_DOCUMENT_BYTES, import_document
from app.corpus.proposals import propose_slug
from app.corpus.structure import find_blocks, find_sections
from app.errors import CorpusError
from app.records import Article
from tests.corpus.documents import MARKDOWN, PAGE, PAGE_TEXT, PLAIN, write_pdf, write_pdf_of, write_word_file

pytestmark = pytest.mark.builds

MakeArticle = Callable[..., Article]
TITLE = "Why babies startle"


def import_text(folder: Path, name: str, content: str | bytes) -> Draft:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_document(path)


def import_page(folder: Path, body: str) -> str:
    """The text of a page with this body, all of it kept."""
    draft = import_text(folder, "page.html", f"<html><body>{body}</body></html>")
    return draft.choose(frozenset(range(1, len(draft.pieces) + 1)), frozenset()).render("Title")


def test_a_saved_page_gives_its_article_with_lists_and_tables(tmp_path: Path) -> None:
    assert import_text(tmp_path, "page.html", PAGE).render(TITLE) == PAGE_TEXT


def test_what_is_dropped_of_a_page_is_told(tmp_path: Path) -> None:
    draft = import_text(tmp_path, "page.html", PAGE)
    assert [piece.text for piece in draft.pieces if not piece.kept] == [
        "• Home",
        "• All about sleep",
        "Nobody sees this.",
        "Copyright Baby Site 2025. Privacy",
    ]


def test_a_page_says_who_wrote_it_where_and_when(tmp_path: Path) -> None:
    assert import_text(tmp_path, "page.html", PAGE).proposal == ProposedMetadata(
        title="Why babies startle",
        publisher="Baby Site",
        url="https://baby.example.org/startle",
        author="Jo Smith",
        published=date(2025, 3, 4),
        reviewed=date(2025, 6, 1),
        language="en",
    )


def test_what_an_extraction_drops_can_be_kept_and_the_other_way_round(tmp_path: Path) -> None:
    draft = import_text(tmp_path, "page.html", PAGE).choose(keep=frozenset([1]), drop=frozenset([4]))
    lines = draft.render(TITLE).splitlines()
    assert "• Home" in lines
    assert not [line for line in lines if line.startswith("Many babies")]


def test_a_page_keeps_its_outline_when_it_is_cut(tmp_path: Path, make_article: MakeArticle) -> None:
    article = make_article(import_text(tmp_path, "page.html", PAGE).render(TITLE))
    paths = [path for path, _ in find_sections(article.text, find_blocks(article))]
    assert ("Why babies startle", "Common causes.", "Sleep stages") in paths


def test_a_table_that_is_layout_is_text(tmp_path: Path) -> None:
    assert import_page(
        tmp_path, "<table><tr><td><h2>Sleep</h2><p>It passes.</p></td><td>Ad</td></tr></table>"
    ) == ("## Sleep\n\nIt passes.\n\nAd\n")


def test_words_on_both_sides_of_an_inline_element_stay_joined(tmp_path: Path) -> None:
    assert import_page(tmp_path, "<p>a<b>b</b>c, d<sub>2</sub>, soft\u00adhyphen \ufb01ne\u200b.</p>") == (
        "abc, d2, softhyphen fine.\n"
    )


def test_an_ordered_list_counts_from_where_it_says(tmp_path: Path) -> None:
    assert import_page(tmp_path, '<p>Do:</p><ol start="3"><li>Wait.</li><li>Call.</li></ol>') == (
        "Do:\n\n3. Wait.\n4. Call.\n"
    )


def test_lines_broken_by_hand_are_list_items(tmp_path: Path) -> None:
    assert import_page(tmp_path, "<p>Signs:<br>- Fever<br>· Fits</p><p>It was a<br>long line.</p>") == (
        "Signs:\n\n• Fever\n• Fits\n\nIt was a long line.\n"
    )


def test_a_bullet_that_a_word_processor_wrote_out_is_an_item(tmp_path: Path) -> None:
    assert import_page(tmp_path, "<p>Signs:</p><p>·<span>&nbsp; </span>Fever</p><p>\uf0b7 Fits</p>") == (
        "Signs:\n\n• Fever\n• Fits\n"
    )


def test_a_page_in_which_no_article_is_recognised_is_kept_whole(tmp_path: Path) -> None:
    draft = import_text(
        tmp_path, "page.html", "<html><body><h1>Sleep</h1><div>Bare <i>words</i>.</div></body></html>"
    )
    assert [(piece.text, piece.kept) for piece in draft.pieces] == [("Sleep", True), ("Bare words.", True)]


def test_a_heading_above_the_first_paragraph_is_put_back(tmp_path: Path) -> None:
    lines = "".join(
        f"<p>Number {n}: babies twitch in their sleep, and it is normal for them.</p>" for n in range(5)
    )
    page = f"<html><body><h1>On twitching</h1><h2>In the leg</h2>{lines}</body></html>"
    assert (
        import_text(tmp_path, "page.html", page)
        .render("T")
        .startswith("# On twitching\n\n## In the leg\n\nNumber 0:")
    )


def test_a_short_paragraph_does_not_become_a_heading(tmp_path: Path, make_article: MakeArticle) -> None:
    text = import_page(
        tmp_path, "<h2>Sleep</h2><p>It passes.</p><h2>Signs</h2><p>Babies stiffen</p><p>They cry.</p>"
    )
    assert text == "## Sleep\n\nIt passes.\n\n## Signs\n\nBabies stiffen\n\nThey cry.\n"
    assert len(find_blocks(make_article(text))) == 5


def test_a_draft_that_reads_back_without_marks_has_none(tmp_path: Path) -> None:
    text = import_page(tmp_path, "<h2>Sleep</h2><p>It passes.</p><h2>Waking</h2><p>It stops.</p>")
    assert text == "Sleep\n\nIt passes.\n\nWaking\n\nIt stops.\n"


@pytest.mark.parametrize("name", ["page.html", "notes.md", "doc.docx", "doc.pdf"])
def test_what_is_written_reads_back_as_the_same_pieces(tmp_path: Path, name: str) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "notes.md").write_text(MARKDOWN)
    write_word_file(tmp_path / "doc.docx")
    write_pdf(tmp_path / "doc.pdf")
    draft = import_document(tmp_path / name)
    assert draft.is_read_from(draft.render(TITLE), TITLE)


def test_markdown_gives_its_words_without_its_marks(tmp_path: Path) -> None:
    draft = import_text(tmp_path, "notes.md", MARKDOWN)
    assert draft.render(TITLE) == (
        "Why babies startle\n\nMany babies startle in their sleep. It fades.\n\nWhat to do\n\n"
        "• Stay calm\n• Film it\n\nSign | Normal\nFits | no\n"
    )
    assert draft.proposal == ProposedMetadata(
        title=TITLE,
        url="https://baby.example.org/startle",
        author="Jo Smith",
        published=date(2025, 3, 4),
        language="en",
    )


def test_a_word_file_gives_headings_lists_and_tables(tmp_path: Path) -> None:
    draft = import_document(write_word_file(tmp_path / "doc.docx"))
    assert draft.render(TITLE) == PLAIN
    assert [piece.text for piece in draft.pieces if not piece.kept] == ["Baby Site, draft"]
    assert (draft.proposal.title, draft.proposal.author) == (TITLE, "Jo Smith")


def test_a_pdf_gives_headings_lists_and_tables(tmp_path: Path) -> None:
    draft = import_document(write_pdf(tmp_path / "doc.pdf", pages=2))
    marked = PLAIN.replace("Why babies", "# Why babies").replace("What to do", "## What to do")
    assert draft.render(TITLE) == f"{marked}\n{marked}"
    assert [piece.text for piece in draft.pieces if not piece.kept] == [
        "Baby Site, page 1",
        "Baby Site, page 2",
    ]
    assert (draft.proposal.title, draft.proposal.author) == (TITLE, "Jo Smith")


def test_the_lines_of_a_pdf_are_joined_to_paragraphs(tmp_path: Path) -> None:
    first = "Babies twitch in their sleep, and that is normal. " * 6
    second = "• " + "A list item that goes on for longer than a line of the page can hold, and further. " * 2
    draft = import_document(write_pdf_of(tmp_path / "doc.pdf", first, second.replace("•", "-"), "It passes."))
    assert [piece.text for piece in draft.pieces] == [first.strip(), second.strip(), "It passes."]


def test_plain_text_is_kept_as_it_is(tmp_path: Path) -> None:
    draft = import_text(tmp_path, "notes.txt", PLAIN)
    assert draft.render("Another title") == PLAIN
    note = "The first line was taken for the title, which is no part of a passage."
    assert (draft.proposal.title, draft.notes, draft.pieces) == (TITLE, (note,), ())


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\xef\xbb\xbfA baby\xe2\x80\x99s leg.\r\n", "Was UTF-8-SIG; written as UTF-8."),
        ("A baby’s leg.\r\n".encode("utf-16"), "Was UTF-16; written as UTF-8."),
        (b"A baby\x92s leg.\r\n", "Not UTF-8: taken for Windows-1252; look at quotes and accents."),
    ],
    ids=["utf-8 with mark", "utf-16", "windows-1252"],
)
def test_other_encodings_become_utf8_with_lf(tmp_path: Path, content: bytes, note: str) -> None:
    draft = import_text(tmp_path, "notes.txt", content)
    assert (draft.render(""), draft.notes[0]) == ("A baby’s leg.\n", note)


def test_a_page_is_decoded_as_it_declares(tmp_path: Path) -> None:
    page = '<html><head><meta charset="windows-1252"></head><body><p>A baby’s leg.</p></body></html>'
    draft = import_text(tmp_path, "page.html", page.encode("cp1252"))
    assert [piece.text for piece in draft.pieces] == ["A baby’s leg."]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Why babies startle", "why-babies-startle"),
        ("Baby’s Leg Spasm | Clear Causes", "babys-leg-spasm"),
        ("Crèche & café: 10 tips", "creche-cafe-10-tips"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("赤ちゃん", ""),
    ],
)
def test_a_slug_is_made_of_the_title(title: str, slug: str) -> None:
    assert propose_slug(title) == slug


def refuse(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        import_document(path)
    assert path.name in str(caught.value)
    return str(caught.value)


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path / "a.odt").endswith(
        "a.odt: not one of .txt, .md, .html, .htm, .mhtml, .mht, .docx, .pdf."
    )


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path / "a.pdf").endswith("a.pdf: there is no such file.")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.html").open("wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES + 1)
    assert refuse(tmp_path / "a.html").endswith("20,000,001 bytes; at most 20,000,000 are read.")


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.docx", "a.pdf"])
def test_bytes_that_are_no_document_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 10)
    refuse(tmp_path / name)


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.pdf", "a.docx"])
def test_an_empty_document_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    refuse(tmp_path / name)


def test_html_nested_very_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<div>" * 5_000 + "deep" + "</div>" * 5_000)
    assert "nested more than 200 deep" in refuse(tmp_path / "a.html")


def test_a_list_of_thousands_of_numbers_takes_linear_time(tmp_path: Path) -> None:
    def read(count: int) -> float:
        """The processor time of the process that reads."""
        before = os.times()
        draft = import_text(tmp_path, "a.md", "1. item\n" * count)
        assert draft.pieces[-1].text == f"{count}. item"
        return os.times().children_user - before.children_user

    assert read(4_000) < 12 * read(1_000)


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importers, "SECONDS", 1)
    (tmp_path / "a.html").write_text("<p>Babies twitch.</p>" * 200_000)
    before = getrlimit(RLIMIT_CPU), getrlimit(RLIMIT_AS)
    assert refuse(tmp_path / "a.html").endswith("too large or too deep to be read; save it as text instead.")
    assert (getrlimit(RLIMIT_CPU), getrlimit(RLIMIT_AS)) == before


def test_thousands_of_open_paragraphs_are_read(tmp_path: Path) -> None:
    draft = import_text(tmp_path, "a.html", "<p>Babies twitch." * 3_000)
    assert len(draft.pieces) == 3_000


def test_a_word_file_that_unpacks_to_a_bomb_is_refused(tmp_path: Path) -> None:
    write_word_file(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/image.xml", b"\0" * 61_000_000)
    assert refuse(tmp_path / "a.docx").endswith("unpacks to more than 60,000,000 bytes.")


def test_a_word_file_with_entities_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr(
            "word/document.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
        )
    assert refuse(tmp_path / "a.docx").endswith("word/document.xml defines a document type.")


def test_an_archive_that_is_no_word_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refuse(tmp_path / "a.docx").endswith("not a Word file (.docx).")


def test_a_pdf_without_text_is_refused(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.output(str(tmp_path / "a.pdf"))
    assert refuse(tmp_path / "a.pdf").endswith("a scan needs text recognition first.")


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_encryption(owner_password="owner", user_password="user")  # noqa: S106
    pdf.add_page()
    pdf.output(str(tmp_path / "a.pdf"))
    assert refuse(tmp_path / "a.pdf").endswith("needs a password; save it without one.")


def test_a_pdf_of_too_many_pages_is_refused(tmp_path: Path) -> None:
    pdf = FPDF()
    for _ in range(301):
        pdf.add_page()
    pdf.output(str(tmp_path / "a.pdf"))
    assert refuse(tmp_path / "a.pdf").endswith("more than 300 pages, and an article has at most 300.")
