"""scripts/prepare.py: when an environment is current."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import prepare


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose environment has just been made."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(prepare.ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / prepare.STAMP).write_text(prepare.describe_wanted(tmp_path), encoding="utf-8")
    return tmp_path


def is_current(project: Path) -> bool:
    return prepare.read_stamp(project) == prepare.describe_wanted(project)


def test_environment_is_kept_while_nothing_changes(project: Path) -> None:
    assert is_current(project)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_environment_is_renewed_when_its_files_change(project: Path, name: str) -> None:
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert not is_current(project)
    assert prepare.read_stamp(project).startswith(prepare.describe_base(project))


def test_environment_is_made_anew_where_the_folder_was_moved(project: Path) -> None:
    moved = project.rename(project.with_name("moved"))
    assert not prepare.read_stamp(moved).startswith(prepare.describe_base(moved))


def test_missing_environment_is_not_current(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    assert prepare.read_stamp(project) == ""
    assert not is_current(project)


def test_half_an_install_is_not_current(project: Path) -> None:
    (project / prepare.STAMP).write_text(prepare.describe_base(project), encoding="utf-8")
    assert not is_current(project)
