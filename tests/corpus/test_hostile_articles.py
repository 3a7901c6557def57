"""Whatever lies in the folder: a clear error with the file's name or a right result, in linear time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.corpus.catalog import check_corpus, read_corpus
from app.corpus.passages import MAX_CHARACTERS, MAX_WORDS, cut_article
from app.errors import CorpusError
from app.records import Article

MakeArticle = Callable[..., Article]


def problems(corpus: Path) -> list[str]:
    return [str(problem) for problem in check_corpus(corpus)[1]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the article is empty"),
        (bytes(range(256)) * 40, "not UTF-8 at byte 128"),
        ("Babies twitch.".encode("utf-16"), "not UTF-8 at byte 0"),
        ("Babies twitch.".encode("utf-16-le"), "control character U+0000"),
        (b"\xef\xbb\xbfBabies twitch.\n", "control character U+FEFF"),
        (b"Babies\r\ntwitch.\r\n", "control character U+000D"),
        (b"Babies\x00 twitch.\n", "control character U+0000"),
        (b"Babies\x1b[31m twitch.\n", "control character U+001B"),
        ("Babies \u202etwitch\u202c.\n".encode(), "control character U+202E"),
        ("Babies \u2066twitch\u2069.\n".encode(), "control character U+2066"),
        ("Babies\u2028twitch.\n".encode(), "control character U+2028"),
        ("Babies\x85twitch.\n".encode(), "control character U+0085"),
        (b"Babies \xed\xa0\x80 twitch.\n", "not UTF-8 at byte 7"),
    ],
    ids=[
        "empty",
        "binary",
        "utf-16",
        "utf-16 unmarked",
        "bom",
        "crlf",
        "nul",
        "escape",
        "bidi",
        "isolate",
        "line separator",
        "c1",
        "surrogate",
    ],
)
def test_faulty_bytes_are_told_by_file_and_fault(corpus: Path, content: bytes, fault: str) -> None:
    (corpus / "bad.txt").write_bytes(content)
    (corpus / "bad.toml").write_bytes((corpus / "good.toml").read_bytes())
    first, *_ = problems(corpus)
    assert first.startswith(f"{corpus}/bad.txt")
    assert fault in first


def test_a_file_of_50_mb_is_refused_unread(corpus: Path) -> None:
    with (corpus / "good.txt").open("wb") as file:
        file.truncate(50_000_000)
    assert problems(corpus) == [f"{corpus}/good.txt: 50,000,000 bytes; at most 8,000,000 are read."]


@pytest.mark.parametrize("name", ["good.txt", "good.toml"])
def test_a_link_out_of_the_folder_is_refused(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    (corpus / name).rename(outside)
    (corpus / name).symlink_to(outside)
    assert problems(corpus) == [f"{corpus}/{name}: not a regular file; put the file itself into the folder."]


@pytest.mark.parametrize("name", ["good.txt", "good.toml"])
def test_a_link_to_nowhere_is_refused(corpus: Path, name: str) -> None:
    (corpus / name).unlink()
    (corpus / name).symlink_to(corpus / "nowhere")
    assert f"{corpus}/{name}: not a regular file; put the file itself into the folder." in problems(corpus)


@pytest.mark.parametrize("name", ["good.txt", "good.toml"])
def test_a_fifo_is_refused_and_does_not_block(corpus: Path, name: str) -> None:
    (corpus / name).unlink()
    os.mkfifo(corpus / name)
    assert problems(corpus) == [f"{corpus}/{name}: not a regular file; put the file itself into the folder."]


@pytest.mark.parametrize("name", ["good.txt", "good.toml"])
def test_a_folder_in_a_files_place_is_refused(corpus: Path, name: str) -> None:
    (corpus / name).unlink()
    (corpus / name).mkdir()
    assert problems(corpus) == [f"{corpus}/{name}: not a regular file; put the file itself into the folder."]


def test_a_name_of_255_bytes_is_refused(corpus: Path) -> None:
    name = "a" * 251 + ".txt"
    (corpus / name).write_text("Babies twitch.\n")
    assert (
        problems(corpus)[0]
        == f"{corpus}/{name}: a slug is lower-case letters, digits and single hyphens, 100 at most."
    )


def test_a_name_with_line_breaks_and_bytes_that_are_no_text_is_shown_harmlessly(corpus: Path) -> None:
    (corpus / os.fsdecode(b"a\n\x1b\xff.txt")).write_text("Babies twitch.\n")
    first, *_ = problems(corpus)
    assert first.startswith(f"{corpus}/a\\n\\x1b\\udcff.txt: a slug is")


@pytest.mark.parametrize(
    "toml",
    [
        "title = [[[[]]]]\n",
        "[title]\nx = 1\n",
        "title = 1e400\nurl = true\nretrieved = 10:00:00\nexclude = {a = 1}\n",
        "[[exclude]]\n",
        "retrieved = 2026-02-30\n",
        "a = " + "[" * 5000 + "]" * 5000,
        'title = "\\u0000"\n',
        "\ufefftitle = 1\n",
        "title = 1\r\n",
        '"" = 1\n',
        "x = " + "9" * 5000,
    ],
)
def test_toml_of_the_wrong_form_is_told_by_its_file(corpus: Path, toml: str) -> None:
    (corpus / "good.toml").write_text(toml, encoding="utf-8")
    found = problems(corpus)
    assert found
    assert all(problem.startswith(f"{corpus}/good.toml") for problem in found)


def test_toml_of_the_size_of_a_book_is_refused_unread(corpus: Path) -> None:
    (corpus / "good.toml").write_text("# padding\n" * 10_000)
    assert problems(corpus) == [f"{corpus}/good.toml: 100,000 bytes; at most 65,536 are read."]


@given(content=st.binary(max_size=400), toml=st.text(max_size=400))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_right_or_refused_with_the_files_name(
    corpus: Path, content: bytes, toml: str
) -> None:
    (corpus / "good.txt").write_bytes(content)
    (corpus / "good.toml").write_bytes(toml.encode("utf-8", "replace"))
    found = problems(corpus)
    assert all(problem.startswith(f"{corpus}/good.") for problem in found)
    if not found:
        assert [article.text.encode() for article in read_corpus(corpus)] == [content]


def shape_of(article: Article) -> tuple[int, int, float]:
    """Passages, the most words in one, and the seconds that it took."""
    started = time.process_time()
    passages = cut_article(article)
    seconds = time.process_time() - started
    assert all(article.text[p.start : p.end] == p.text for p in passages)
    return len(passages), max(len(p.text.split()) for p in passages), seconds


def test_a_paragraph_of_100_000_words_without_a_stop_is_cut_by_words(make_article: MakeArticle) -> None:
    count, longest, seconds = shape_of(make_article("twitch " * 100_000))
    assert (count, longest) == (500, MAX_WORDS)
    assert seconds < 5


def test_a_word_of_one_megabyte_is_cut_by_characters(make_article: MakeArticle) -> None:
    article = make_article("a" * 1_000_000)
    count, longest, seconds = shape_of(article)
    assert (count, longest) == (250, 1)
    assert max(len(passage.text) for passage in cut_article(article)) == MAX_CHARACTERS
    assert seconds < 5


def test_ten_thousand_headings_each_with_its_text_are_ten_thousand_passages(
    make_article: MakeArticle,
) -> None:
    text = "".join(f"Heading {n}\n\nBabies twitch.\n\n" for n in range(10_000))
    count, longest, seconds = shape_of(make_article(text))
    assert (count, longest) == (10_000, 2)
    assert seconds < 10


def test_ten_thousand_headings_without_any_text_are_read_as_a_list(make_article: MakeArticle) -> None:
    count, longest, seconds = shape_of(make_article("".join(f"Heading {n}\n\n" for n in range(10_000))))
    assert (count, longest) == (167, 120)
    assert seconds < 10


@pytest.mark.parametrize(
    "line",
    [
        ".",
        "?",
        '."',
        "a.",
        "- a",
        "1. a",
        "| a |",
        "A b:",
        "#",
        "# a",
        "(" * 50,
        "e.g. ",
        " " * 50,
        "\t",
        "’",
    ],
)
def test_many_odd_lines_take_linear_time(make_article: MakeArticle, line: str) -> None:
    started = time.process_time()
    for gap in ("\n", "\n\n", " "):
        try:
            cut_article(make_article((line + gap) * 4_000 + "\n\nEnd.\n"))
        except CorpusError:
            continue
    assert time.process_time() - started < 8


def test_a_paragraph_of_a_book_is_cut_in_linear_time(make_article: MakeArticle) -> None:
    sentence = "Babies twitch in their sleep and that is normal. "
    small = shape_of(make_article(sentence * 1_000))
    large = shape_of(make_article(sentence * 8_000))
    assert large[2] < 8 * small[2] * 3
