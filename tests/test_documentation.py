"""What a person can set, run or call is in docs/reference.md, and what the documentation names is there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
BOTH = README + REFERENCE
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*  ## (.+)$", MAKEFILE, re.MULTILINE)
SHARED = {"console.py", "flood.py", "running.py"}
SCRIPTS = sorted({path.name for path in (ROOT / "scripts").glob("*.py")} - SHARED)


def show_default(value: object) -> str:
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    return "none" if value is None else f"`{value}`"


def test_readme_can_be_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_stands_in_the_reference_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    row = f"| `NIGHTLIGHT_{name.upper()}` | {show_default(field.default)} | {field.description} |"
    assert row in REFERENCE.splitlines()


def test_documentation_names_no_setting_that_is_gone() -> None:
    known = {f"NIGHTLIGHT_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"NIGHTLIGHT_[A-Z_]+", BOTH)) - known == set()


@pytest.mark.parametrize(("target", "purpose"), TARGETS)
def test_make_target_stands_in_the_reference(target: str, purpose: str) -> None:
    assert f"| `make {target}` | {purpose} |" in REFERENCE.splitlines()


def test_every_make_target_has_a_line_of_help() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(target for target, _ in TARGETS)


def test_every_make_target_is_one_line_over_scripts() -> None:
    rules = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    lines = {target: body.splitlines() for target, body in rules if target != "help"}
    assert {
        target: body
        for target, body in lines.items()
        if len(body) != 1 or "scripts" not in body[0].replace("$(RUN)", "scripts")
    } == {}


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_stands_in_the_reference(script: str) -> None:
    assert f"| `scripts/{script}` |" in REFERENCE


def test_documentation_names_no_script_that_is_not_there() -> None:
    assert set(re.findall(r"scripts/([a-z_]+\.py)", BOTH)) - set(SCRIPTS) - SHARED == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_can_be_called_by_its_name(script: str) -> None:
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
