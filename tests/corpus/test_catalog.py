"""Strict reading: each fault is told with the file, the line or field, and what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from app.corpus.catalog import check_corpus, read_corpus
from app.errors import CorpusError
from app.records import Article
from app.settings import ROOT


def problems(corpus: Path) -> list[str]:
    """Every problem, with the folder's name left out."""
    return [str(problem).replace(f"{corpus}/", "") for problem in check_corpus(corpus)[1]]


def write_metadata(corpus: Path, lines: str) -> None:
    (corpus / "good.toml").write_text(lines, encoding="utf-8")


def test_the_committed_corpus_has_no_problem() -> None:
    assert check_corpus(ROOT / "corpus")[1] == ()


def test_the_committed_articles_are_kept_byte_for_byte(articles: Mapping[str, Article]) -> None:
    files = {path.stem: path.read_bytes() for path in (ROOT / "corpus").glob("*.txt")}
    assert {slug: article.text.encode() for slug, article in articles.items()} == files
    assert {slug: article.sha256 for slug, article in articles.items()} == {
        slug: hashlib.sha256(content).hexdigest() for slug, content in files.items()
    }


def test_metadata_is_read_in_full(articles: Mapping[str, Article]) -> None:
    article = articles["baby-leg-twitching-while-sleeping"]
    assert (article.title, article.author, article.publisher, article.url) == (
        "Common Causes of Baby Leg Twitching While Sleeping",
        "Emily Mcmelon",
        "New Mamaa",
        "https://newmamaa.com/baby-leg-twitching-while-sleeping",
    )
    assert (article.retrieved, article.reviewed, article.language) == (date(2026, 11, 21), None, "en")
    assert article.exclude == ("Emily Mcmelon is a highly skilled",)


def test_a_sound_folder_is_read(corpus: Path) -> None:
    assert [article.slug for article in read_corpus(corpus)] == ["good"]
    assert problems(corpus) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('title = "On twitching"\n', "", "good.toml: title: the field is required."),
        ("publisher", "editor", "good.toml: publisher: the field is required."),
        ('"On twitching"', "7", "good.toml:1: title: write a text in quotes."),
        ('"On twitching"', '""', "good.toml:1: title: String should have at least 1 character."),
        (
            '"On twitching"',
            '" On twitching"',
            "good.toml:1: title: one line of text, without spaces around it, is what belongs here.",
        ),
        (
            '"On twitching"',
            '"On \\u202etwitching"',
            "good.toml:1: title: holds the control character U+202E; take it out.",
        ),
        ("2026-11-21", '"2026-11-21"', "good.toml:4: retrieved: write a date without quotes: 2026-11-21."),
        (
            "2026-11-21",
            "2026-11-21T10:00:00",
            "good.toml:4: retrieved: write a date without quotes: 2026-11-21.",
        ),
        (
            "https://example.org/on-twitching",
            "javascript:alert(1)",
            "good.toml:3: url: is not an http(s) address; give the public page with this text.",
        ),
        (
            "https://example.org/on-twitching",
            "ftp://example.org/a",
            "good.toml:3: url: is not an http(s) address; give the public page with this text.",
        ),
        (
            "https://example.org/on-twitching",
            "data:text/html,hello",
            "good.toml:3: url: is not an http(s) address; give the public page with this text.",
        ),
        (
            "https://example.org/on-twitching",
            "https://nhs.uk:x@example.org/",
            "good.toml:3: url: has a space, quote or password in it; give the plain address of the page.",
        ),
        (
            "https://example.org/on-twitching",
            "https://example.org/a b",
            "good.toml:3: url: has a space, quote or password in it; give the plain address of the page.",
        ),
        (
            'title = "On',
            'subtitle = "A"\ntitle = "On',
            "good.toml:1: subtitle: there is no such field; corpus/README.md lists them.",
        ),
        (
            'title = "On',
            'exclude = "A"\ntitle = "On',
            'good.toml:1: exclude: write a list of texts: ["...", "..."].',
        ),
        ('title = "On', 'exclude = [1]\ntitle = "On', "good.toml:1: exclude: write a text in quotes."),
        (
            'title = "On',
            'exclude = ["Ad"]\ntitle = "On',
            "good.toml:1: exclude: no line of the text begins with 'Ad'; mend or remove it.",
        ),
        (
            'title = "On',
            'when_to_get_help = ["Help"]\ntitle = "On',
            "good.toml:1: when_to_get_help: the text has no heading 'Help'; mend or remove it.",
        ),
        (
            'title = "On',
            'language = "English"\ntitle = "On',
            "good.toml:1: language: one line of text, without spaces around it, is what belongs here.",
        ),
    ],
)
def test_faulty_metadata_is_told_with_line_and_field(
    corpus: Path, metadata: str, old: str, new: str, problem: str
) -> None:
    write_metadata(corpus, metadata.replace(old, new, 1))
    assert problem in problems(corpus)


def test_missing_metadata_is_told(corpus: Path) -> None:
    (corpus / "good.toml").unlink()
    assert problems(corpus) == ["good.toml: missing; it needs title, publisher, url, retrieved and rights."]


def test_metadata_without_a_text_is_told(corpus: Path, metadata: str) -> None:
    (corpus / "alone.toml").write_text(metadata)
    assert problems(corpus) == ["alone.toml: there is no .txt beside it; add that or remove this."]


def test_metadata_that_is_not_toml_is_told(corpus: Path) -> None:
    write_metadata(corpus, "title = On twitching\n")
    assert problems(corpus) == ["good.toml: not valid TOML: Invalid value (at line 1, column 9)."]


def test_text_that_is_not_utf8_is_told_with_line_and_byte(corpus: Path) -> None:
    (corpus / "good.txt").write_bytes("Title\n\nA baby’s leg.".encode("cp1252"))
    assert problems(corpus) == ["good.txt:3: not UTF-8 at byte 13 (invalid start byte); save it as UTF-8."]


def test_an_empty_article_is_told(corpus: Path) -> None:
    (corpus / "good.txt").write_text(" \n\n")
    assert problems(corpus) == ["good.txt: the article is empty."]


def test_an_article_of_headings_alone_is_told(corpus: Path) -> None:
    (corpus / "good.txt").write_text("On twitching\n\nA heading\n")
    assert problems(corpus) == ["good.txt: there is no content besides headings and excluded lines."]


def test_characters_decoded_wrongly_are_told(corpus: Path) -> None:
    (corpus / "good.txt").write_text("A babyâ€™s leg.\n\nA cafÃ©.\n\nLost \ufffd.\n", encoding="utf-8")
    remedy = "is what is left of a character that was decoded wrongly; take the text from its source again."
    assert problems(corpus) == [
        f"good.txt:1: 'â€™' {remedy}",
        f"good.txt:3: 'Ã©' {remedy}",
        f"good.txt:5: '\ufffd' {remedy}",
    ]


def test_the_same_text_under_two_slugs_is_told(corpus: Path, metadata: str) -> None:
    (corpus / "twin.txt").write_bytes((corpus / "good.txt").read_bytes())
    (corpus / "twin.toml").write_text(metadata)
    assert problems(corpus) == ["twin.txt: the same text as good.txt; remove one of them."]


def test_a_slug_that_differs_in_capitals_is_told(corpus: Path, metadata: str) -> None:
    (corpus / "Good.txt").write_text("On twitching\n\nIt passes.\n")
    (corpus / "Good.toml").write_text(metadata)
    assert problems(corpus) == [
        "Good.txt: a slug is lower-case letters, digits and single hyphens, 100 at most."
    ]


def test_files_that_nobody_reads_are_told(corpus: Path) -> None:
    for name in ("page.html", "paper.PDF", "other.TXT", "README.md", ".good.txt.swp"):
        (corpus / name).write_text("x")
    assert problems(corpus) == [
        "other.TXT: not read; write the ending in lower case.",
        "page.html: not read from here; use scripts/add_article.py on it.",
        "paper.PDF: not read from here; use scripts/add_article.py on it.",
    ]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert [str(problem) for problem in check_corpus(tmp_path)[1]] == [
        f"{tmp_path}: there is no article; add <slug>.txt and <slug>.toml."
    ]


def test_every_problem_of_every_file_is_told_in_one_run(corpus: Path, metadata: str) -> None:
    (corpus / "a.txt").write_text("")
    (corpus / "a.toml").write_text('title = 1\nurl = "x:y"\n')
    (corpus / "b.txt").write_bytes(b"A\r\nB\r\n")
    write_metadata(corpus, metadata.replace("2026-11-21", "soon"))
    control = (
        "holds the control character U+000D; "
        "save the file as plain UTF-8 text with LF line ends and no byte order mark."
    )
    assert problems(corpus) == [
        "a.txt: the article is empty.",
        "a.toml:1: title: write a text in quotes.",
        "a.toml: publisher: the field is required.",
        "a.toml:2: url: is not an http(s) address; give the public page with this text.",
        "a.toml: retrieved: the field is required.",
        "a.toml: rights: the field is required.",
        f"b.txt:1: {control}",
        f"b.txt:2: {control}",
        "b.toml: missing; it needs title, publisher, url, retrieved and rights.",
        "good.toml: not valid TOML: Invalid value (at line 4, column 13).",
    ]


def test_reading_stops_at_the_first_fault(corpus: Path) -> None:
    (corpus / "bad.txt").write_text("")
    with pytest.raises(CorpusError, match=r"bad\.txt: the article is empty\."):
        read_corpus(corpus)


def test_a_text_in_another_language_than_its_metadata_say_is_a_fault(corpus: Path) -> None:
    text = corpus / "good.txt"
    text.write_text(
        "On twitching\n\nViele Babys zucken im Schlaf, und das ist in den meisten Fällen harmlos. Wenn Sie "
        "das Bein halten, hört die Zuckung auf.\n",
        encoding="utf-8",
    )
    assert problems(corpus) == ['good.toml: language: the text reads like another; write language = "de".']
    with (corpus / "good.toml").open("a", encoding="utf-8") as metadata:
        metadata.write('language = "de"\n')
    assert problems(corpus) == []
