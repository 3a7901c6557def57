"""What a maintainer is shown before anything is published, by the script itself on the real index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import html5lib
import pytest

from app.settings import ROOT, Settings

pytestmark = pytest.mark.processes

SLUG = "baby-leg-twitching-while-sleeping"
OLD = "Shuddering attacks (SA) are a rare and harmless condition"


def dry_run(environment: dict[str, str], *options: str) -> str:
    command = [sys.executable, str(ROOT / "scripts" / "reindex.py"), "--dry-run", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.thorough
def test_dry_run_shows_what_an_edit_does_and_publishes_nothing(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    current = (own_settings.index_dir / "CURRENT").read_bytes()
    generations = sorted((own_settings.index_dir / "generations").iterdir())
    article = own_settings.corpus_dir / f"{SLUG}.txt"
    article.write_text(article.read_text("utf-8").replace(OLD, f"{OLD} <indeed>"), "utf-8")
    page = tmp_path / "changes.html"

    lines = dry_run(environment, "--html", str(page)).splitlines()

    assert lines[0] == f"changed  {SLUG}.txt"
    assert lines[1] == "passages: 88 kept, 1 new, 1 gone"
    context = "… are a rare and harmless condition {+<indeed>+} that"
    assert lines[2].startswith(f"  ~ {SLUG} > What is baby shudder syndrome?: {context}")
    assert not lines[3].startswith("  - ")
    assert (own_settings.index_dir / "CURRENT").read_bytes() == current
    assert sorted((own_settings.index_dir / "generations").iterdir()) == generations
    tree = html5lib.parse(page.read_text("utf-8"), namespaceHTMLElements=False)
    assert f"{OLD} <indeed>" in "".join(tree.find(".//ins").itertext())
    assert tree.find(".//del").text.startswith(OLD)


def test_unchanged_corpus_changes_nothing(environment: dict[str, str]) -> None:
    assert dry_run(environment).splitlines()[0] == "passages: 89 kept, 0 new, 0 gone"
