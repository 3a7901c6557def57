"""app/index/opened.py and the scripts over it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.corpus.catalog import read_corpus
from app.index.generation import LAYOUT
from app.index.opened import audit
from app.index.publish import GENERATIONS, open_generation, read_pointer
from app.settings import ROOT, Settings
from tests.generations import publish_again

pytestmark = pytest.mark.builds


def run_script(name: str, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / name), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def list_faults(settings: Settings) -> list[str]:
    with open_generation(settings.index_dir) as generation:
        return list(audit(generation, read_corpus(settings.corpus_dir)))


def current_folder(settings: Settings) -> Path:
    return settings.index_dir / GENERATIONS / read_pointer(settings.index_dir).name


def test_fresh_index_has_no_fault(built_settings: Settings) -> None:
    assert list_faults(built_settings) == []


def test_edited_added_and_removed_articles_are_named(own_settings: Settings) -> None:
    corpus = own_settings.corpus_dir
    for suffix in (".txt", ".toml"):
        (corpus / f"baby-leg-spasm{suffix}").rename(corpus / f"leg-spasm{suffix}")
    with (corpus / "baby-restless-legs.txt").open("a") as file:
        file.write("\nOne more sentence.\n")
    assert list_faults(own_settings) == [
        "baby-leg-spasm is indexed but not in the corpus; run `make index`.",
        "baby-restless-legs is not what the corpus says any more; run `make index`.",
        "leg-spasm is in the corpus but not indexed; run `make index`.",
    ]


def test_every_damaged_file_and_stray_is_named(own_settings: Settings) -> None:
    folder = current_folder(own_settings)
    (folder / LAYOUT.tokens).write_bytes(b"")
    (folder / LAYOUT.tokenizer).unlink()
    (folder / "notes.txt").write_text("x")
    faults = list_faults(own_settings)
    assert [fault.split(" is damaged")[0].split("/")[-1] for fault in faults[:2]] == [
        LAYOUT.tokens,
        LAYOUT.tokenizer,
    ]
    assert faults[2:] == [f"{folder.name}/notes.txt does not belong there; delete it."]


def test_scripts_list_verify_and_roll_back(own_settings: Settings, environment: dict[str, str]) -> None:
    first = read_pointer(own_settings.index_dir).name
    second = publish_again(own_settings)
    listed = run_script("generations.py", environment)
    assert [line.split()[:2] for line in listed.stdout.splitlines()[:1]] == [["->", second]]
    assert first in listed.stdout
    verified = run_script("verify.py", environment)
    assert (verified.returncode, verified.stdout.split(": ")[0]) == (0, second)
    assert run_script("rollback.py", environment).stdout == f"Now current: {first}\n"
    (current_folder(own_settings) / LAYOUT.passages).write_bytes(b"")
    damaged = run_script("verify.py", environment)
    assert damaged.returncode == 1
    assert f"{first}/passages.faiss is damaged" in damaged.stdout
    unknown = run_script("rollback.py", environment, "20200101T000000Z-0123456789ab")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "There is no such generation" in unknown.stderr
