"""Publishing for tests; everything of the generation before is used again, so that it is quick."""

from __future__ import annotations

from app.corpus.catalog import read_corpus
from app.index.build import build_generation
from app.index.model import Model
from app.index.publish import building, next_time, open_previous, publish
from app.settings import Settings


def publish_again(settings: Settings) -> str:
    """Build the corpus as it is now and publish it; gives the generation's name."""
    with building(settings.index_dir) as folder:
        build_generation(
            read_corpus(settings.corpus_dir),
            folder,
            Model.load(settings.model),
            precision=settings.precision,
            previous=open_previous(settings.index_dir),
            created=next_time(settings.index_dir),
        )
        return publish(settings.index_dir, folder)
