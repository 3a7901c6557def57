"""scripts/add_article.py, run as a maintainer runs it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import console

import pytest

import add_article
from app.corpus.catalog import read_corpus
from app.settings import ROOT
from tests.corpus.documents import PAGE, PAGE_TEXT, PLAIN, write_pdf, write_word_file

SCRIPT = str(ROOT / "scripts" / "add_article.py")
KNOWN = ("--publisher", "A publisher", "--url", "https://example.org/a", "--rights", "All rights reserved")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


Add = Callable[..., tuple[int, str, str]]


@pytest.fixture
def add(corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Add:
    """Runs the script without a terminal; its code, output and errors."""

    def _add(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [SCRIPT, "--corpus", str(corpus), *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            console.run(add_article.main)
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return _add


def test_a_saved_page_becomes_an_article(add: Add, corpus: Path, page: Path) -> None:
    code, output, errors = add(page, "--yes", "--rights", "All rights with Baby Site")
    assert (code, errors) == (0, "")
    (article,) = read_corpus(corpus)
    assert (article.slug, article.text) == ("why-babies-startle", PAGE_TEXT)
    assert (article.title, article.author, article.publisher, article.url) == (
        "Why babies startle",
        "Jo Smith",
        "Baby Site",
        "https://baby.example.org/startle",
    )
    assert output.startswith(
        f"{page}: kept 6 of 8 items, 6 of 6 headings, 6 of 8 paragraphs, 1 of 1 table headers, 2 of 2 "
        f"table rows\n"
        "    1 - item         • Home\n"
        "    2 - item         • All about sleep\n"
        "    3 = heading      Why babies startle\n"
    )


def test_the_passages_to_come_are_shown_with_their_paths(add: Add, corpus: Path, page: Path) -> None:
    _, output, _ = add(page, "--yes", "--rights", "All rights with Baby Site")
    assert (
        "   4  Normal and concerning signs  (29 words)\n"
        "      This table tells them apart:\n"
        "\n"
        "      Sign | Normal | Concerning\n"
    ) in output


def test_a_word_file_and_a_pdf_become_articles(add: Add, corpus: Path, tmp_path: Path) -> None:
    word = write_word_file(tmp_path / "doc.docx")
    assert add(word, "--yes", "--slug", "word", *KNOWN)[0] == 0
    assert add(write_pdf(tmp_path / "doc.pdf", pages=2), "--yes", "--slug", "pdf", *KNOWN)[0] == 0
    assert [article.slug for article in read_corpus(corpus)] == ["pdf", "word"]
    assert (corpus / "word.txt").read_text(encoding="utf-8") == PLAIN


def test_nothing_is_written_without_a_person_or_yes(add: Add, corpus: Path, page: Path) -> None:
    code, output, errors = add(page, "--rights", "All rights with Baby Site")
    assert (code, errors) == (
        1,
        "add_article.py: nothing was written: look at what is shown above, then run it again with --yes.\n",
    )
    assert "    1 - item         • Home\n" in output
    assert list(corpus.iterdir()) == []


def test_what_is_required_and_missing_is_told_by_its_options(add: Add, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(PLAIN, encoding="utf-8")
    code, _, errors = add(tmp_path / "notes.txt", "--yes")
    assert code == 1
    assert errors.endswith("does not say everything; give --publisher, --url, --rights.\n")
    assert list(corpus.iterdir()) == []


def test_an_article_is_written_over_only_when_told_to(add: Add, corpus: Path, page: Path) -> None:
    rights = ("--yes", "--rights", "All rights with Baby Site")
    add(page, *rights, "--exclude", "They last")
    code, _, errors = add(page, *rights)
    assert code == 1
    assert "is there already; --replace writes over it, --slug names another." in errors
    page.write_text(PAGE.replace("Many babies", "Some babies"), encoding="utf-8")
    assert add(page, *rights, "--replace")[0] == 0
    (article,) = read_corpus(corpus)
    assert "Some babies" in article.text
    assert article.exclude == ("They last",)


def test_a_near_duplicate_is_pointed_out(add: Add, corpus: Path, page: Path, tmp_path: Path) -> None:
    rights = ("--yes", "--rights", "All rights with Baby Site")
    add(page, *rights)
    copy = tmp_path / "copy.html"
    copy.write_text(PAGE.replace("Many babies", "Some babies"), encoding="utf-8")
    _, output, _ = add(copy, *rights, "--slug", "copy")
    assert "Attention: why-babies-startle has the same address. If it" in output
    assert "Attention: passage 1 is 94% the same as one of why-babies-startle.\n" in output
    assert (
        "Attention: this looks like why-babies-startle again (4 of 5 passages). If it is the same" in output
    )


def test_pieces_are_kept_and_dropped_by_their_numbers(add: Add, corpus: Path, page: Path) -> None:
    add(page, "--yes", "--rights", "All rights", "--drop", "4-5,6", "--keep", "1")
    text = (corpus / "why-babies-startle.txt").read_text(encoding="utf-8")
    assert text.startswith("• Home\n\n# Why babies startle\n\n• Loud noises\n")


def test_a_hostile_address_is_refused_and_nothing_is_written(add: Add, corpus: Path, page: Path) -> None:
    code, _, errors = add(page, "--yes", "--rights", "All rights", "--url", "javascript:alert(1)")
    assert (code, errors) == (
        1,
        f"add_article.py: {page}: why-babies-startle.toml:3: url: is not an http(s) address; "
        "give the public page with this text.\n",
    )
    assert list(corpus.iterdir()) == []


@pytest.mark.processes
def test_a_person_at_a_terminal_is_asked(corpus: Path, page: Path) -> None:
    main, terminal = pty.openpty()
    command = [sys.executable, SCRIPT, "--corpus", str(corpus), str(page)]
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, text=True) as asked:
        os.close(terminal)
        # Keep, title, publisher, address, retrieved, rights, write.
        os.write(main, b"y\nOn startling\n\n\n2026-11-20\nAll rights\ny\n")
        output, _ = asked.communicate(timeout=60)
    os.close(main)
    assert asked.returncode == 0, output
    (article,) = read_corpus(corpus)
    assert (article.slug, article.title, article.publisher, article.rights) == (
        "on-startling",
        "On startling",
        "Baby Site",
        "All rights",
    )
    assert article.retrieved.isoformat() == "2026-11-20"


@pytest.mark.processes
def test_a_person_who_says_no_leaves_nothing(corpus: Path, page: Path) -> None:
    main, terminal = pty.openpty()
    command = [sys.executable, SCRIPT, "--corpus", str(corpus), str(page)]
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as asked:
        os.close(terminal)
        os.write(main, b"n\n")
        _, errors = asked.communicate(timeout=60)
    os.close(main)
    assert asked.returncode == 1
    assert errors.decode().startswith("add_article.py: nothing was written;")
    assert list(corpus.iterdir()) == []


RIGHTS = ("--yes", "--rights", "All rights with Baby Site")


def test_a_dry_run_shows_everything_and_writes_nothing(add: Add, corpus: Path, page: Path) -> None:
    code, output, errors = add(page, "--dry-run")
    assert (code, errors, list(corpus.iterdir())) == (0, "", [])
    for part in (
        "    1 - item         • Home\n",
        "Nobody sees this.   (hidden)\n",
        "   4  Normal and concerning signs  (29 words)\n",
        '      title = "Why babies startle"\n',
        "  Note: to be given: --rights.\n",
    ):
        assert part in output
    assert output.endswith(f"Nothing was written: {page} was looked at only.\n")


def test_a_dry_run_shows_the_lead_that_a_later_part_of_a_list_carries(
    add: Add, corpus: Path, tmp_path: Path
) -> None:
    items = "".join(
        f"<li>the sign of the number {n} lasts for more than a minute or two</li>" for n in range(30)
    )
    page = tmp_path / "list.html"
    page.write_text(f"<h1>Signs</h1><p>Call a doctor for any of these signs:</p><ul>{items}</ul>")
    assert "      carries: Call a doctor for any of these signs:\n" in add(page, "--dry-run")[1]


def test_new_words_do_not_stand_under_an_old_date(add: Add, corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "hello.txt"
    path.write_text(PLAIN, encoding="utf-8")
    dates = ("--retrieved", "2024-01-05", "--reviewed", "2023-12-01")
    assert add(path, "--yes", "--slug", "hello", *KNOWN, *dates)[0] == 0
    path.write_text(PLAIN.replace("It fades.", "It fades by itself."), encoding="utf-8")
    os.utime(path, (1_770_000_000, 1_770_000_000))
    _, output, _ = add(path, "--yes", "--slug", "hello", "--replace")
    (article,) = read_corpus(corpus)
    assert (article.retrieved.isoformat(), article.reviewed) == ("2026-02-02", None)
    assert article.publisher == "A publisher"
    assert "reviewed on 2023-12-01 were the old words" in output
    assert "      retrieved = 2026-02-02\n" in output


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--exclude", "nothing like it"), "no line of the text begins with 'nothing like it'"),
        (("--when-to-get-help", "No such heading"), "the text has no heading 'No such heading'"),
        (("--slug", "again"), "the same text as why-babies-startle.txt"),
    ],
)
def test_what_publishing_refuses_is_not_written(
    add: Add, corpus: Path, page: Path, options: tuple[str, str], fault: str
) -> None:
    add(page, *RIGHTS)
    before = sorted(corpus.iterdir())
    code, _, errors = add(page, *RIGHTS, *(("--replace",) if "--slug" not in options else ()), *options)
    assert code == 1
    assert errors.startswith(f"add_article.py: {page}: ")
    assert fault in errors
    assert sorted(corpus.iterdir()) == before


def test_headings_about_help_are_proposed(add: Add, corpus: Path, page: Path) -> None:
    page.write_text(PAGE.replace("Common causes.", "When to call a doctor"), encoding="utf-8")
    add(page, *RIGHTS)
    (article,) = read_corpus(corpus)
    assert article.when_to_get_help == ("When to call a doctor",)


def test_several_files_have_an_address_each(add: Add, corpus: Path, page: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text(PLAIN, encoding="utf-8")
    given = (
        "--slug",
        "one",
        "--slug",
        "two",
        "--url",
        "https://example.org/1",
        "--url",
        "https://example.org/2",
    )
    assert add(page, other, "--yes", "--publisher", "P", "--rights", "All", *given)[0] == 0
    assert [(article.slug, article.url) for article in read_corpus(corpus)] == [
        ("one", "https://example.org/1"),
        ("two", "https://example.org/2"),
    ]
    code, _, errors = add(page, other, "--url", "https://example.org/1")
    assert (code, "--url is given 1 times for 2 files; give one for each" in errors) == (2, True)


@pytest.mark.parametrize(
    ("options", "code", "fault"),
    [
        (("--drop", "999"), 1, "there is no piece 999; they are numbered from 1 to 25."),
        (("--drop", "3-1"), 2, "3-1 runs backwards; write 1-3"),
        (("--drop", "x"), 2, "'x' is no list of pieces; write their numbers: 7,9-12"),
        (("--reviewed", "21/11/2026"), 2, "'21/11/2026' is no date; write it as 2026-11-21"),
        (("--language", "english"), 2, "'english' is no code of a language; write en, de or pt-BR"),
    ],
)
def test_a_wrong_option_is_told_in_plain_words(
    add: Add, corpus: Path, page: Path, options: tuple[str, str], code: int, fault: str
) -> None:
    left, _, errors = add(page, *RIGHTS, *options)
    assert (left, fault in errors) == (code, True)
    assert list(corpus.iterdir()) == []


def test_numbers_choose_nothing_in_plain_text(add: Add, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PLAIN, encoding="utf-8")
    code, _, errors = add(tmp_path / "a.txt", "--yes", "--drop", "1", *KNOWN)
    assert (code, "plain text is kept whole" in errors) == (1, True)


def test_an_address_is_no_file(add: Add, corpus: Path) -> None:
    code, _, errors = add("https://baby.example.org/startle.html")
    assert (code, errors) == (
        1,
        "add_article.py: https:/baby.example.org/startle.html: an address; "
        "save the page in a browser and give the file.\n",
    )


def test_a_first_line_that_is_no_title_asks_for_one(add: Add, corpus: Path, tmp_path: Path) -> None:
    text = "Babies often shake one leg at night, and it is harmless.\n\nHold the leg.\n"
    (tmp_path / "a.txt").write_text(text * 2, encoding="utf-8")
    code, output, errors = add(tmp_path / "a.txt", "--yes", *KNOWN)
    assert (code, "give one with --title" in output) == (1, True)
    assert errors.endswith("does not say everything; give --title.\n")
    (tmp_path / "a.txt").write_text("Shaking " * 900 + "\n\nHold the leg.\n", encoding="utf-8")
    assert add(tmp_path / "a.txt", "--yes", *KNOWN)[2].endswith("give --title.\n")


def test_another_language_than_the_corpus_is_told(add: Add, corpus: Path, page: Path, tmp_path: Path) -> None:
    add(page, *RIGHTS)
    words = "Viele Babys zucken im Schlaf, und das ist fast immer harmlos. Es hört nach einigen Monaten auf."
    (tmp_path / "a.txt").write_text(f"Zuckende Beine\n\n{words}\n", encoding="utf-8")
    output = add(tmp_path / "a.txt", "--yes", *KNOWN)[1]
    assert "Attention: its language is de, that of the other articles en" in output
    assert [article.language for article in read_corpus(corpus)] == ["en", "de"]
