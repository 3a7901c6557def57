#!/usr/bin/env python3
"""Build the index when this version has none, then serve; one older than the corpus is pointed out."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from console import ROOT, run

from app.errors import GenerationError, NoGeneration, WrongModel
from app.index.publish import open_generation
from app.settings import Settings

SCRIPTS = ROOT / "scripts"


def build(reason: str) -> None:
    """Publish an index of the corpus, or end as that does."""
    print(reason, flush=True)
    # In a process of its own: what serves never loads what builds.
    built = subprocess.run([sys.executable, str(SCRIPTS / "reindex.py")], check=False)
    if built.returncode:
        sys.exit(built.returncode)


def prepare_index(settings: Settings) -> None:
    """Build only what cannot serve for want of it: what is there may serve, and its state is told."""
    try:
        with open_generation(settings.index_dir) as generation:
            built = {(source.slug, source.sha256) for source in generation.manifest.sources}
    except NoGeneration:
        build("No index yet: building it from the corpus ...")
    except WrongModel:
        build("The index is another version's: building it anew from the corpus ...")
    except GenerationError as error:
        print(f"Note: {error}", flush=True)
    else:
        texts = settings.corpus_dir.glob("*.txt")
        now = {(path.stem, hashlib.sha256(path.read_bytes()).hexdigest()) for path in texts}
        if outdated := sorted({slug for slug, _ in built ^ now}):
            print(f"Note: the index is older than {', '.join(outdated)}; `make index` renews it.", flush=True)


def main() -> None:
    """Options go to serve.py, whose process takes the place of this one."""
    prepare_index(Settings())
    os.execv(sys.executable, [sys.executable, str(SCRIPTS / "serve.py"), *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    run(main)
