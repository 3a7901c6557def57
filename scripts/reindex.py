#!/usr/bin/env python3
"""Build a new index generation of the corpus and publish it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Never

from console import run

from tqdm import tqdm

from app.cluster.shards import cut_generation
from app.corpus.catalog import check_corpus
from app.errors import BuildError
from app.evaluation.changes import Changes
from app.evaluation.release import MADE_FROM, examine, fingerprint
from app.index.build import build_generation, read_versions, refuse_shrinking
from app.index.generation import Generation, Manifest
from app.index.model import Model
from app.index.publish import building, open_previous, publish
from app.records import Article
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
            self._what, self._bar = (
                what,
                tqdm(total=total, desc=f"{what:>10}", leave=False, delay=0.5, disable=None),
            )
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def build(
    articles: Sequence[Article],
    folder: Path,
    settings: Settings,
    previous: Sequence[Generation],
    *,
    reuse: bool,
    shards: int | None,
) -> Manifest:
    """Build with progress bars; where there is a cluster, its nodes do the encoding."""
    bars, model = ProgressBars(), Model.load(settings.model)
    with ExitStack() as stack:
        stack.callback(bars.close)
        spread = None
        if settings.cluster:
            try:
                from app.cluster.encoding import spread_over
            except ModuleNotFoundError as error:  # Ray is installed only where it is used
                raise BuildError(f"There is no package {error.name}; install the extra `cluster`.") from None
            spread = stack.enter_context(spread_over(settings.cluster, model))
        manifest = build_generation(
            articles,
            folder,
            model,
            precision=settings.precision,
            previous=previous,
            reuse=reuse,
            progress=bars.show,
            spread=spread,
        )
    return cut_generation(folder, shards) if shards else manifest


def main() -> None:
    """Build under the lock; nothing is left behind and nothing changes unless all of it succeeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="use nothing of the generation before again")
    parser.add_argument("--anyway", action="store_true", help="build and publish even if nothing changed")
    parser.add_argument("--dry-run", action="store_true", help="show what would change and publish nothing")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write what changes as a page, too")
    parser.add_argument("--accept", metavar="REASON", help="publish even if questions are answered worse")
    parser.add_argument("--allow-shrink", action="store_true", help="publish even with far fewer passages")
    parser.add_argument("--cluster", metavar="ADDRESS", help="encode on a Ray cluster, or local")
    parser.add_argument("--shards", type=int, metavar="N", help="cut the index into shards for a cluster")
    options = parser.parse_args()
    settings = Settings(cluster=options.cluster)
    began = time.monotonic()
    with building(settings.index_dir) as folder:
        previous = open_previous(settings.index_dir)
        if previous and not (
            options.full or options.anyway or options.dry_run or options.html or options.shards
        ):
            last = previous[0]
            if last.manifest.extra.get(MADE_FROM) == fingerprint(settings):
                print(f"Nothing changed since {last.name} was published; it goes on serving.")
                return
        read_versions()  # without the libraries that build, an error now rather than a traceback later
        articles, problems = check_corpus(settings.corpus_dir)
        for problem in problems:  # every fault of every file is told before the first of them ends it
            print(problem, file=sys.stderr)
        for problem in problems:
            raise problem
        reuse = not options.full
        manifest = build(articles, folder, settings, previous, reuse=reuse, shards=options.shards)
        settings = settings.model_copy(update={"cluster": None})  # what is new is measured here
        if previous and not (options.allow_shrink or options.dry_run):
            refuse_shrinking(previous[0].manifest, manifest)
        before = previous[0] if previous else None
        examination = examine(folder, settings, before, accepted=options.accept)
        if options.dry_run or options.html:
            changes = Changes.of(folder, before, examination)
            print(changes.render_text())
            if options.html:
                options.html.write_text(changes.render_page(), encoding="utf-8")
        else:
            print(examination.render_text())
        if options.dry_run:
            return
        examination.enforce(options.accept)
        for one in previous:
            one.close()  # publishing deletes only what nobody holds
        name = publish(settings.index_dir, folder)
    size, counts = sum(record.size for record in manifest.files.values()) / 1e6, manifest.counts
    print(
        f"Published {name}: {counts['articles']} articles, {counts['passages']:,} passages, "
        f"{counts['sentences']:,} sentences, {size:.1f} MB, {time.monotonic() - began:.1f} s."
    )


if __name__ == "__main__":
    run(main)
