#!/usr/bin/env python3
"""Write a made-up corpus of any size, from the sentences and words of the real one."""

from __future__ import annotations

import argparse
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from itertools import accumulate, islice
from pathlib import Path

from console import run

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.index.lexical import split_words
from app.records import Article
from app.settings import Settings

SECTIONS = 8
SENTENCES = 4
"""Of a section, on average."""
SAMPLED = 100
"""Articles whose passages are counted."""
EXCHANGED = 0.12
"""Share of words that another word of the corpus takes the place of."""


class Synthesizer:
    """Makes articles that are built like the real ones and say nothing; the same for the same seed."""

    def __init__(self, articles: Sequence[Article], seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        passages = [(article, passage) for article in articles for passage in cut_article(article)]
        self._headings = sorted({p.section[-1] for _, p in passages if p.section})
        spans = [(article, span) for article, passage in passages for span in passage.sentences]
        self._sentences = [article.text[slice(*span)].split() for article, span in spans]
        self._words = sorted(
            {word for sentence in self._sentences for word in split_words(" ".join(sentence))}
        )

    def make(self) -> Iterator[Article]:
        """Articles without end."""
        number = 0
        while True:
            text = "\n\n".join([f"A Made-Up Article {number}", *self._make_sections()]) + "\n"
            digest = sha256(text.encode()).hexdigest()
            yield Article(
                slug=f"made-up-{number}",
                title=f"A Made-Up Article {number}",
                publisher="Nobody",
                url=f"https://example.org/made-up-{number}",
                retrieved=date(2026, 1, 1),
                rights="Made up for measuring",
                text=text,
                sha256=digest,
            )
            number += 1

    def _make_sections(self) -> Iterator[str]:
        for heading in self._random.sample(self._headings, SECTIONS):
            yield heading
            count = self._random.randint(SENTENCES - 2, SENTENCES + 2)
            yield " ".join(self._make_sentence() for _ in range(count))

    def _make_sentence(self) -> str:
        words = self._random.choice(self._sentences)
        return " ".join(self._random.choice(self._words) if self._exchange() else word for word in words)

    def _exchange(self) -> bool:
        return self._random.random() < EXCHANGED


def collect(articles: Iterator[Article], passages: int) -> list[Article]:
    """As many of the articles as have so many passages, judged by the first of them."""
    first = list(islice(articles, SAMPLED))
    ends = list(accumulate(len(cut_article(article)) for article in first))
    if ends[-1] >= passages:
        return first[: bisect_left(ends, passages) + 1]
    return [*first, *islice(articles, round(SAMPLED * passages / ends[-1]) - SAMPLED)]


def write(article: Article, folder: Path) -> None:
    """Both files of an article."""
    metadata = {"title": article.title, "publisher": article.publisher, "url": article.url}
    lines = [f'{name} = "{value}"' for name, value in metadata.items()]
    lines += [f"retrieved = {article.retrieved}", f'rights = "{article.rights}"']
    (folder / f"{article.slug}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"{article.slug}.txt").write_text(article.text, encoding="utf-8")


def main() -> None:
    """A folder to be named by NIGHTLIGHT_CORPUS_DIR."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    source = Synthesizer(read_corpus(Settings().corpus_dir), options.seed)
    for article in islice(source.make(), options.articles):
        write(article, options.folder)


if __name__ == "__main__":
    run(main)
