"""scripts/reindex.py: what did not change is not built again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.index.publish import list_names, read_pointer
from app.settings import ROOT, Settings
from tests.generations import copy_settings, name_folders

pytestmark = pytest.mark.processes


def reindex(environment: dict[str, str]) -> str:
    """What a successful call prints."""
    command = [sys.executable, str(ROOT / "scripts" / "reindex.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def built_settings(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy that the script itself has published."""
    folder = tmp_path_factory.mktemp("reindexed")
    copied = copy_settings(built_settings, folder)
    reindex(name_folders(copied, folder / "no-questions"))
    return copied


def test_nothing_is_published_when_nothing_changed(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    name = read_pointer(own_settings.index_dir).name
    assert reindex(environment) == f"Nothing changed since {name} was published; it goes on serving.\n"
    assert list_names(own_settings.index_dir)[0] == name


@pytest.mark.parametrize(
    "changed",
    [
        "corpus/baby-leg-spasm.toml",
        pytest.param("corpus/baby-leg-spasm.txt", marks=pytest.mark.thorough),
        pytest.param("questions", marks=pytest.mark.thorough),
    ],
)
def test_whatever_a_generation_hangs_on_makes_a_new_one(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path, changed: str
) -> None:
    name = read_pointer(own_settings.index_dir).name
    if changed == "questions":
        (tmp_path / "no-questions").mkdir()
        shutil.copy(ROOT / "tests" / "questions" / "pinned.jsonl", tmp_path / "no-questions" / "new.jsonl")
    else:
        with (own_settings.corpus_dir.parent / changed).open("a", encoding="utf-8") as file:
            file.write("\n")
    assert "Published" in reindex(environment)
    assert read_pointer(own_settings.index_dir).name > name


@pytest.mark.thorough
def test_damaged_generation_is_built_again_though_nothing_changed(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    name = read_pointer(own_settings.index_dir).name
    with (own_settings.index_dir / "generations" / name / "passages.faiss").open("r+b") as file:
        file.write(b"damaged")
    assert "Published" in reindex(environment)
