"""scripts/ask.py over a real index."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from running import start_server

pytestmark = pytest.mark.processes

WORDS = "Shuddering attacks (SA) are a rare and harmless condition that affects infants and young children."


def ask(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "ask.py"), *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False, env=environment)


def test_one_question_is_answered_word_for_word(environment: dict[str, str]) -> None:
    done = ask(environment, "is shuddering dangerous?", "-k", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert WORDS in done.stdout


def test_file_of_questions_becomes_a_table(environment: dict[str, str], tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("is shuddering dangerous?\n\n  why do legs twitch in sleep?\n", encoding="utf-8")
    done = ask(environment, "--file", str(questions), "--format", "csv", "-k", "1")
    rows = list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"))))
    found = [row for row in rows if row["kind"] == "passage"]
    assert [row["question"] for row in found] == ["is shuddering dangerous?", "why do legs twitch in sleep?"]
    assert rows[0]["text"].startswith(WORDS)


def test_file_without_a_question_is_told(environment: dict[str, str]) -> None:
    done = ask(environment, "--file", "-", typed="\n \n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "holds no question" in done.stderr


def test_line_that_cannot_be_taken_is_a_fault_of_itself_alone(environment: dict[str, str]) -> None:
    typed = "is shuddering dangerous?\n" + "j" * 1001 + "\n"
    done = ask(environment, "--file", "-", "--format", "markdown", typed=typed)
    assert done.returncode == 0
    assert f"> {WORDS}" in done.stdout
    assert "Your question is too long." in done.stdout


@pytest.mark.parametrize(
    "script",
    [
        "ask.py shuddering -k 20",
        pytest.param("reindex.py --dry-run", marks=pytest.mark.thorough),
        "ask.py --help",
    ],
)
def test_reader_that_goes_away_ends_a_script_quietly(environment: dict[str, str], script: str) -> None:
    name, *arguments = script.split()
    command = [sys.executable, str(ROOT / "scripts" / name), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode in (0, 141), errors) == (True, b"")


def test_links_lead_to_the_server_that_runs(environment: dict[str, str], tmp_path: Path) -> None:
    index = Path(environment["NIGHTLIGHT_INDEX_DIR"])
    with start_server(index, tmp_path / "log", NIGHTLIGHT_WORKERS="1") as server:
        assert f"{server.address}/p/" in ask(environment, "is shuddering dangerous?").stdout
    assert "http://127.0.0.1:8000/p/" in ask(environment, "is shuddering dangerous?").stdout
