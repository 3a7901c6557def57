"""scripts/run.py: builds what is missing, tells what is old, and becomes the server."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from app.index.generation import FORMAT, MANIFEST
from app.index.publish import CURRENT, GENERATIONS, read_pointer
from app.settings import ROOT, Settings

pytestmark = pytest.mark.processes


def run_until_it_answers(environment: dict[str, str]) -> list[str]:
    """The lines before the address, at which the server is ended, or before a build that fails."""
    command = [sys.executable, str(ROOT / "scripts" / "run.py"), "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            if line.startswith("Nightlight answers at "):
                process.terminate()
            else:
                lines.append(line)
    return lines


def test_index_of_the_present_corpus_is_served_without_a_word(environment: dict[str, str]) -> None:
    assert run_until_it_answers(environment) == []


def test_articles_newer_than_the_index_are_named(own_settings: Settings, environment: dict[str, str]) -> None:
    (own_settings.corpus_dir / "baby-leg-spasm.txt").unlink()
    (own_settings.corpus_dir / "new.txt").write_text("New.\n", encoding="utf-8")
    note = "Note: the index is older than baby-leg-spasm, new; `make index` renews it.\n"
    assert run_until_it_answers(environment) == [note]


@pytest.mark.thorough
@pytest.mark.clean
def test_missing_index_is_built(own_settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    for path in own_settings.corpus_dir.glob("[!b]*"):
        path.unlink()
    lines = run_until_it_answers({**environment, "NIGHTLIGHT_INDEX_DIR": str(tmp_path / "none")})
    assert lines[0] == "No index yet: building it from the corpus ...\n"
    assert (tmp_path / "none" / "CURRENT").is_file()


def test_index_of_another_format_is_built_anew(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """How it is built, the test above shows (make test-thorough): here there are no articles."""
    index, old = own_settings.index_dir, read_pointer(own_settings.index_dir)
    manifest = index / GENERATIONS / old.name / MANIFEST
    content = manifest.read_bytes().replace(f'"format": {FORMAT}'.encode(), b'"format": 1')
    manifest.write_bytes(content)
    digest = sha256(content).hexdigest()
    name = f"{old.name[:17]}{digest[:12]}"
    manifest.parent.rename(index / GENERATIONS / name)
    (index / CURRENT).write_text(f"{name} {digest}\n", encoding="ascii")
    lines = run_until_it_answers({**environment, "NIGHTLIGHT_CORPUS_DIR": str(tmp_path / "none")})
    assert lines == ["The index is another version's: building it anew from the corpus ...\n"]
