"""Copies and publishing for tests; all of the generation before is used again, so that it is quick."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from app.corpus.catalog import read_corpus
from app.index.build import annotate, build_generation
from app.index.model import Model
from app.index.publish import building, open_previous, publish
from app.settings import SERVED, Settings

load_model = cache(Model.load)
"""The model, loaded and exported once for all tests of a process."""


def publish_again(settings: Settings, examine: Callable[[Path], object] | None = None) -> str:
    """Build the corpus as it is now, examine it and publish it; gives the generation's name."""
    with building(settings.index_dir) as folder:
        previous = open_previous(settings.index_dir)
        build_generation(
            read_corpus(settings.corpus_dir),
            folder,
            load_model(settings.model),
            precision=settings.precision,
            previous=previous,
        )
        if examine:
            examine(folder)
        elif previous:
            annotate(folder, extra=previous[0].manifest.extra)
        for one in previous:
            one.close()
        return publish(settings.index_dir, folder)


def copy_settings(settings: Settings, folder: Path) -> Settings:
    """Settings of a copy of the index and the corpus, to be changed at will."""
    index, corpus = folder / "index", folder / "corpus"
    # Not the address of a server that another test runs.
    shutil.copytree(settings.index_dir, index, ignore=shutil.ignore_patterns(f"{SERVED}*"))
    shutil.copytree(settings.corpus_dir, corpus)
    return settings.model_copy(update={"index_dir": index, "corpus_dir": corpus})


def name_folders(settings: Settings, questions: Path) -> dict[str, str]:
    """The environment in which a script sees the folders of ``settings``, and these evaluation questions."""
    return {
        **os.environ,
        "NIGHTLIGHT_INDEX_DIR": str(settings.index_dir),
        "NIGHTLIGHT_CORPUS_DIR": str(settings.corpus_dir),
        "NIGHTLIGHT_QUESTIONS_DIR": str(questions),
    }
