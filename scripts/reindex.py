#!/usr/bin/env python3
"""Build a new index generation of the corpus and publish it."""

from __future__ import annotations

import argparse
import time
from typing import Never

from console import run

from tqdm import tqdm

from app.corpus.catalog import read_corpus
from app.index.build import build_generation
from app.index.generation import Manifest
from app.index.model import Model
from app.index.publish import building, next_time, open_previous, publish
from app.settings import Settings


class ProgressBars:
    """One bar for each kind of work, with the time left."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: tqdm[Never] | None = None

    def show(self, what: str, done: int, total: int) -> None:
        """How far one kind of work is."""
        if what != self._what:
            self.close()
            self._what, self._bar = what, tqdm(total=total, desc=f"{what:>10}", leave=False, delay=0.5)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def summarize(name: str, manifest: Manifest, seconds: float) -> str:
    """What was built, in one paragraph."""
    size = sum(record.size for record in manifest.files.values()) / 1e6
    counts = manifest.counts
    return (
        f"Published {name}: {counts['articles']} articles, {counts['passages']:,} passages, "
        f"{counts['sentences']:,} sentences, {size:.1f} MB, {seconds:.1f} s."
    )


def main() -> None:
    """Build under the lock; nothing is left behind and nothing changes unless all of it succeeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="use nothing of the generation before again")
    options = parser.parse_args()
    settings = Settings()
    began = time.monotonic()
    bars = ProgressBars()
    articles = read_corpus(settings.corpus_dir)
    with building(settings.index_dir) as folder:
        manifest = build_generation(
            articles,
            folder,
            Model.load(settings.model),
            precision=settings.precision,
            previous=open_previous(settings.index_dir),
            reuse=not options.full,
            created=next_time(settings.index_dir),
            progress=bars.show,
        )
        bars.close()
        name = publish(settings.index_dir, folder)
    print(summarize(name, manifest, time.monotonic() - began))


if __name__ == "__main__":
    run(main)
