"""Made-up corpora: repeatable, sound, and as large as is asked for."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.settings import ROOT
from synthesize import Synthesizer, collect
from tests.articles import read_five

ARTICLES = read_five()


def test_the_same_seed_makes_the_same_articles() -> None:
    first, second = (list(islice(Synthesizer(ARTICLES, seed=3).make(), 3)) for _ in range(2))
    assert first == second
    assert next(Synthesizer(ARTICLES, seed=4).make()).text != first[0].text


def test_as_many_articles_are_made_as_have_so_many_passages() -> None:
    articles = collect(Synthesizer(ARTICLES).make(), 50)
    counts = [len(cut_article(article)) for article in articles]
    assert sum(counts[:-1]) < 50 <= sum(counts)


@pytest.mark.processes
def test_what_is_written_is_a_corpus(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "synthesize.py"
    folder = tmp_path / "corpus"
    subprocess.run([sys.executable, str(script), str(folder), "--articles", "3"], check=True)
    expected = list(islice(Synthesizer(ARTICLES).make(), 3))
    assert list(read_corpus(folder)) == expected
