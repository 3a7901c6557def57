#!/usr/bin/env python3
"""Check every file, offset, passage, id and vector of a generation, and that it is what corpus/ says."""

from __future__ import annotations

import argparse

from console import run

from app.corpus.catalog import read_corpus
from app.index.opened import audit
from app.index.publish import open_generation
from app.settings import Settings


def main() -> int:
    """Print every fault; 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generation", nargs="?", help="its name (default: the current one)")
    name = parser.parse_args().generation
    settings = Settings()
    with open_generation(settings.index_dir, name) as generation:
        faults = list(audit(generation, read_corpus(settings.corpus_dir)))
        for fault in faults:
            print(fault)
        counts = generation.manifest.counts
        print(
            f"{generation.name}: {len(faults)} faults in {counts['articles']} articles, "
            f"{counts['passages']:,} passages, {counts['sentences']:,} sentences."
        )
    return 1 if faults else 0


if __name__ == "__main__":
    run(main)
