"""scripts/console.py: which interpreter a script runs in, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SCRIPT = """
from console import run
from app.errors import *
from app.settings import Settings
def main():
    {body}
run(main)
"""


def run_script(folder: Path, body: str, **environment: str) -> tuple[int, str, str]:
    """Run a script of one statement beside the shared console.py; its code, output and errors."""
    shutil.copy(SCRIPTS / "console.py", folder)
    script = folder / "example.py"
    script.write_text(SCRIPT.format(body=body), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_script_that_ends_well_exits_with_0(tmp_path: Path) -> None:
    assert run_script(tmp_path, "print('done')") == (0, "done\n", "")


def test_script_keeps_its_own_exit_code(tmp_path: Path) -> None:
    assert run_script(tmp_path, "return 3") == (3, "", "")


def test_our_error_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    body = "raise CorpusError('a.toml: title is missing')"
    assert run_script(tmp_path, body) == (1, "", "example.py: a.toml: title is missing\n")


def test_busy_builder_is_exit_code_75(tmp_path: Path) -> None:
    assert run_script(tmp_path, "raise Busy('another build runs')") == (
        75,
        "",
        "example.py: another build runs\n",
    )


def test_unexpected_error_keeps_its_traceback(tmp_path: Path) -> None:
    code, _, errors = run_script(tmp_path, "raise KeyError('unexpected')")
    assert (code, errors.splitlines()[0]) == (1, "Traceback (most recent call last):")


def test_faulty_setting_is_named_without_a_traceback(tmp_path: Path) -> None:
    code, _, errors = run_script(tmp_path, "Settings()", NIGHTLIGHT_PORT="many")
    assert (code, errors) == (
        1,
        "example.py: setting port: Input should be a valid integer, unable to parse string as an integer\n",
    )


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs an interpreter without the project")
def test_script_under_another_interpreter_without_environment_says_what_to_run(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    shutil.copy(SCRIPTS / "console.py", folder)
    python = Path(sys.base_prefix, "bin", "python3")
    done = subprocess.run([python, folder / "console.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "The environment is not prepared; run `make` first.\n")


@pytest.mark.skipif(sys.prefix != str(SCRIPTS.parent / ".venv"), reason="needs the project's own environment")
def test_script_under_another_interpreter_enters_the_environment(tmp_path: Path) -> None:
    python = Path(sys.base_prefix, "bin", "python3")
    done = subprocess.run(
        [python, SCRIPTS / "test.py", "--help"], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_interrupt_that_a_library_loses_comes_again(tmp_path: Path) -> None:
    body = """
    import os, time
    class Lost:
        def __del__(self):
            os.kill(os.getpid(), 2)
            time.sleep(0.1)
    lost = Lost()
    del lost
    time.sleep(20)
    print("never interrupted")
"""
    code, output, _ = run_script(tmp_path, body)
    assert (code, output) == (130, "")
