"""The five articles that tests know, whatever else is in corpus/ beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.corpus.catalog import check_article
from app.records import Article
from app.settings import ROOT

FIVE = (
    "baby-leg-spasm",
    "baby-leg-twitching-while-sleeping",
    "baby-restless-legs",
    "twitching-in-the-leg",
    "why-does-my-child-twitch-while-sleeping",
)


def read_five() -> tuple[Article, ...]:
    """As ``read_corpus`` gives them."""
    articles = []
    for slug in FIVE:
        article, problems = check_article(ROOT / "corpus" / f"{slug}.txt", {})
        assert article, problems
        articles.append(article)
    return tuple(articles)


def copy_five(folder: Path) -> Path:
    """A corpus of these alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for slug in FIVE:
        for suffix in (".txt", ".toml"):
            shutil.copy(ROOT / "corpus" / f"{slug}{suffix}", folder)
    return folder
