"""scripts/reindex.py: what did not change is not built again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.index.publish import list_names, read_pointer
from app.settings import ROOT, Settings


def reindex(environment: dict[str, str], *options: str) -> str:
    """What a successful call prints."""
    command = [sys.executable, str(ROOT / "scripts" / "reindex.py"), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.processes
def test_nothing_is_published_when_nothing_changed(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    reindex(environment)
    name = read_pointer(own_settings.index_dir).name
    assert reindex(environment) == f"Nothing changed since {name} was published; it goes on serving.\n"
    assert list_names(own_settings.index_dir)[0] == name
    assert "Published" in reindex(environment, "--anyway")


@pytest.mark.processes
@pytest.mark.parametrize("changed", ["corpus/baby-leg-spasm.txt", "corpus/baby-leg-spasm.toml", "questions"])
def test_whatever_a_generation_hangs_on_makes_a_new_one(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path, changed: str
) -> None:
    reindex(environment)
    name = read_pointer(own_settings.index_dir).name
    if changed == "questions":
        (tmp_path / "no-questions").mkdir()
        shutil.copy(ROOT / "tests" / "questions" / "pinned.jsonl", tmp_path / "no-questions" / "new.jsonl")
    else:
        with (own_settings.corpus_dir.parent / changed).open("a", encoding="utf-8") as file:
            file.write("\n")
    assert "Published" in reindex(environment)
    assert read_pointer(own_settings.index_dir).name > name


@pytest.mark.processes
def test_damaged_generation_is_built_again_though_nothing_changed(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    reindex(environment)
    name = read_pointer(own_settings.index_dir).name
    with (own_settings.index_dir / "generations" / name / "passages.faiss").open("r+b") as file:
        file.write(b"damaged")
    assert "Published" in reindex(environment)
