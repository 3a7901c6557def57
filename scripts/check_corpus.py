#!/usr/bin/env python3
"""Tell every problem of every file in corpus/, with the line and what to do; exit code 1 if there is one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from console import run

from app.corpus.catalog import check_corpus
from app.corpus.passages import cut_article
from app.settings import Settings


def main() -> int:
    """Check the folder of the settings, or another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="folder to check (default: the corpus)")
    folder = parser.parse_args().folder or Settings().corpus_dir
    articles, problems = check_corpus(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"{len(problems)} problem{'s' * (len(problems) > 1)}.", file=sys.stderr)
        return 1
    passages = sum(len(cut_article(article)) for article in articles)
    print(f"{len(articles)} articles, {passages} passages: no problem.")
    return 0


if __name__ == "__main__":
    run(main)
