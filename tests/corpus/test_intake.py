"""An accepted text arrives in the corpus with its metadata, or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from app.corpus.catalog import check_corpus
from app.corpus.intake import Value, check_vacancy, stage_article
from app.errors import CorpusError
from app.settings import ROOT

TEXT = "On waking\n\nBabies twitch on waking.\n\nShare this page\n"
METADATA: Mapping[str, Value] = {
    "title": "On waking",
    "publisher": 'A "publisher"',
    "url": "https://example.org/on-waking",
    "retrieved": date(2026, 11, 21),
    "rights": "All rights with the publisher",
    "author": None,
    "exclude": (),
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_both_files_are_written_and_sound(corpus: Path) -> None:
    with stage_article(corpus, "waking", TEXT, METADATA) as staged:
        assert [passage.text for passage in staged.passages] == ["Babies twitch on waking."]
        staged.place(corpus, replace=False)
    assert names(corpus) == ["good.toml", "good.txt", "waking.toml", "waking.txt"]
    assert check_corpus(corpus)[1] == ()
    assert (corpus / "waking.txt").read_bytes() == TEXT.encode()


def test_metadata_is_written_in_the_order_of_the_format_without_what_is_empty(corpus: Path) -> None:
    metadata = {**METADATA, "exclude": ("Share “this”",), "reviewed": date(2025, 6, 1)}
    with stage_article(corpus, "waking", TEXT.replace("Share this", "Share “this”"), metadata) as staged:
        assert staged.metadata == (staged.folder / "waking.toml").read_text("utf-8")
    assert staged.metadata == (
        'title = "On waking"\npublisher = "A \\"publisher\\""\nurl = "https://example.org/on-waking"\n'
        'retrieved = 2026-11-21\nrights = "All rights with the publisher"\nreviewed = 2025-06-01\n'
        'exclude = ["Share “this”"]\n'
    )


def test_lines_that_stand_in_no_passage_are_told(corpus: Path) -> None:
    with stage_article(corpus, "waking", TEXT, METADATA) as staged:
        assert staged.unread == ("Share this page",)


def test_what_is_staged_and_not_placed_leaves_nothing(corpus: Path) -> None:
    with stage_article(corpus, "waking", TEXT, METADATA):
        pass
    assert names(corpus) == ["good.toml", "good.txt"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"url": "javascript:alert(1)"}, "waking.toml:3: url: is not an http(s) address"),
        ({"rights": None}, "waking.toml: rights: the field is required."),
        ({"title": "a\nb"}, "waking.toml:1: title: one line of text"),
    ],
)
def test_faulty_metadata_is_told_and_leaves_nothing(
    corpus: Path, change: Mapping[str, Value], fault: str
) -> None:
    with pytest.raises(CorpusError) as caught, stage_article(corpus, "waking", TEXT, {**METADATA, **change}):
        pass
    assert str(caught.value).startswith(fault)
    assert names(corpus) == ["good.toml", "good.txt"]


def test_an_article_that_is_there_is_not_written_over(corpus: Path) -> None:
    before = (corpus / "good.txt").read_bytes()
    with (
        stage_article(corpus, "good", TEXT, METADATA) as staged,
        pytest.raises(CorpusError, match="is there already; --replace writes over it"),
    ):
        staged.place(corpus, replace=False)
    assert (corpus / "good.txt").read_bytes() == before


def test_a_text_alone_keeps_its_name_taken(corpus: Path) -> None:
    (corpus / "good.toml").unlink()
    with pytest.raises(CorpusError, match=r"good\.txt is there already"):
        check_vacancy(corpus, "good")


def test_replacing_writes_both_files(corpus: Path) -> None:
    with stage_article(corpus, "good", TEXT, METADATA) as staged:
        staged.place(corpus, replace=True)
    assert (corpus / "good.txt").read_text() == TEXT
    assert "On waking" in (corpus / "good.toml").read_text()
    assert names(corpus) == ["good.toml", "good.txt"]


@pytest.mark.parametrize("replace", [True, False])
def test_a_failure_between_the_two_files_leaves_the_corpus_as_it_was(corpus: Path, *, replace: bool) -> None:
    slug = "good" if replace else "waking"
    before = {path.name: path.read_bytes() for path in corpus.iterdir()}
    with stage_article(corpus, slug, TEXT, METADATA) as staged:
        (staged.folder / f"{slug}.txt").unlink()
        with pytest.raises(FileNotFoundError):
            staged.place(corpus, replace=replace)
    assert {path.name: path.read_bytes() for path in corpus.iterdir()} == before


KILLED = """
import os, sys
from pathlib import Path
from app.corpus.intake import stage_article
from tests.corpus.test_intake import METADATA, TEXT
corpus, left, replace = Path(sys.argv[1]), int(sys.argv[2]), Path.replace
def count(source, target):
    global left
    if not left:
        os._exit(9)
    left -= 1
    return replace(source, target)
with stage_article(corpus, "good", TEXT, METADATA) as staged:
    Path.replace = count
    staged.place(corpus, replace=True)
"""


@pytest.mark.processes
@pytest.mark.parametrize("replaced", [0, 1])
def test_killed_while_replacing_leaves_no_text_beside_other_metadata(corpus: Path, replaced: int) -> None:
    before = (corpus / "good.txt").read_bytes()
    command = [sys.executable, "-c", KILLED, str(corpus), str(replaced)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert any("good.toml" in str(problem) for problem in check_corpus(corpus)[1])
    (kept,) = corpus.glob(".adding-*/before.txt")
    assert kept.read_bytes() == before
    with stage_article(corpus, "good", TEXT, METADATA) as staged:
        staged.place(corpus, replace=True)
    assert check_corpus(corpus)[1] == ()
