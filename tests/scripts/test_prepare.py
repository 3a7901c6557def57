"""scripts/prepare.py: when an environment is current."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import prepare


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose environment has just been made."""
    for name in prepare.WANTED:
        shutil.copy(prepare.ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / prepare.STAMP).write_text(prepare.describe_wanted(tmp_path), encoding="utf-8")
    return tmp_path


def is_current(project: Path) -> bool:
    return prepare.read_stamp(project) == prepare.describe_wanted(project)


def test_environment_is_kept_while_nothing_changes(project: Path) -> None:
    assert is_current(project)


@pytest.mark.parametrize("name", prepare.WANTED)
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


@pytest.mark.thorough
@pytest.mark.clean
def test_file_with_another_hash_than_the_pinned_one_is_not_installed(project: Path) -> None:
    wheel = project / "thing-1.0-py3-none-any.whl"
    about = "thing-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("thing.py", "")
        packed.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        packed.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{about}/RECORD", "")
    shutil.rmtree(project / ".venv")
    hashes = project / "hashes.txt"
    uv = hashes.read_text(encoding="utf-8").partition("\nuv==")[2].partition("\nwebencodings")[0]

    def install(digest: str) -> str:
        """What failed."""
        hashes.write_text(f"uv=={uv}\n{wheel} --hash=sha256:{digest}\n", encoding="utf-8")
        with pytest.raises(subprocess.CalledProcessError) as failed:
            prepare.install(project)
        return failed.value.cmd[-1]

    assert install("0" * 64).endswith("hashes.txt")
    (project / "pyproject.toml").write_text("", encoding="utf-8")  # so that what comes after it fails
    assert not install(hashlib.sha256(wheel.read_bytes()).hexdigest()).endswith("hashes.txt")
    assert not is_current(project)
