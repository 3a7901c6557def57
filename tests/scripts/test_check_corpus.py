"""scripts/check_corpus.py, run as a maintainer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.articles import copy_five

pytestmark = pytest.mark.processes


def check(*arguments: Path) -> tuple[int, str, str]:
    command = [sys.executable, ROOT / "scripts" / "check_corpus.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_five_articles_pass(tmp_path: Path) -> None:
    assert check(copy_five(tmp_path)) == (0, "5 articles, 89 passages: no problem.\n", "")


def test_the_committed_corpus_passes() -> None:
    code, output, errors = check(ROOT / "corpus")
    assert (code, errors) == (0, "")
    assert output.endswith("passages: no problem.\n")


def test_every_problem_is_told_with_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"A baby\x92s leg.\n")
    (tmp_path / "b.toml").write_text("title = 1\n")
    code, output, errors = check(tmp_path)
    assert (code, output) == (1, "")
    assert errors.replace(f"{tmp_path}/", "").splitlines() == [
        "b.toml: there is no .txt beside it; add that or remove this.",
        "a.txt:1: not UTF-8 at byte 6 (invalid start byte); save it as UTF-8.",
        "a.toml: missing; it needs title, publisher, url, retrieved and rights.",
        "3 problems.",
    ]
