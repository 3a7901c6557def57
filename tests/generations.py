"""Publishing for tests; all of the generation before is used again, what was fitted too: it is quick."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from app.corpus.catalog import read_corpus
from app.index.build import annotate, build_generation
from app.index.model import Model
from app.index.publish import building, next_time, open_previous, publish
from app.settings import Settings

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
            created=next_time(settings.index_dir),
        )
        if examine:
            examine(folder)
        elif previous:
            annotate(folder, extra=previous.generation.manifest.extra)
        if previous:
            previous.close()
        return publish(settings.index_dir, folder)
