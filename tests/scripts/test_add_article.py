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
        f"{page}: kept 6 of 8 items, 6 of 6 headings, 6 of 7 paragraphs, 1 of 1 table headers, 2 of 2 "
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
    assert add(write_pdf(tmp_path / "doc.pdf"), "--yes", "--slug", "pdf", *KNOWN)[0] == 0
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
    assert "Attention: why-babies-startle has the same address.\n" in output
    assert "Attention: passage 1 is 94% the same as one of why-babies-startle.\n" in output
    assert "Attention: this looks like why-babies-startle again (4 of 5 passages).\n" in output


def test_pieces_are_kept_and_dropped_by_their_numbers(add: Add, corpus: Path, page: Path) -> None:
    add(page, "--yes", "--rights", "All rights", "--drop", "4-5,6", "--keep", "1")
    text = (corpus / "why-babies-startle.txt").read_text(encoding="utf-8")
    assert text.startswith("• Home\n\n# Why babies startle\n\n• Loud noises\n")


def test_a_hostile_address_is_refused_and_nothing_is_written(add: Add, corpus: Path, page: Path) -> None:
    code, _, errors = add(page, "--yes", "--rights", "All rights", "--url", "javascript:alert(1)")
    assert (code, errors) == (
        1,
        "add_article.py: why-babies-startle.toml:3: url: is not an http(s) address; "
        "give the public page with this text.\n",
    )
    assert list(corpus.iterdir()) == []


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
