"""The five articles as they are, and articles made for a test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import justext  # noqa: F401
import pytest

# Loaded once, and not by the process of each document that a test reads.
from app.corpus import importers, printed, saved, word  # noqa: F401
from app.corpus.passages import cut_article
from app.records import Article, Passage
from tests.articles import read_five

METADATA = """\
title = "On twitching"
publisher = "A publisher"
url = "https://example.org/on-twitching"
retrieved = 2026-11-21
rights = "All rights with the publisher"
"""


@pytest.fixture(scope="session", autouse=True)
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What libraries make ready at their first document is ready before the process of each: a tenth of a
    second of hundreds of them.
    """
    first = tmp_path_factory.mktemp("first") / "first.html"
    first.write_text("<h1>On twitching</h1><p>Babies twitch in their sleep.</p>", encoding="utf-8")
    importers._read_document(first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printed, "SpellChecker", cache(printed.SpellChecker))
        printed.SpellChecker(language="en")
        yield


@pytest.fixture(scope="session")
def articles() -> Mapping[str, Article]:
    """The committed articles, by slug."""
    return {article.slug: article for article in read_five()}


@pytest.fixture(scope="session")
def passages(articles: Mapping[str, Article]) -> Mapping[str, tuple[Passage, ...]]:
    """The passages of the committed articles, by slug."""
    return {slug: cut_article(article) for slug, article in articles.items()}


def _make_article(text: str, exclude: tuple[str, ...] = (), slug: str = "made-up") -> Article:
    return Article(
        slug=slug,
        title="On twitching",
        publisher="A publisher",
        url="https://example.org/on-twitching",
        retrieved=date(2026, 11, 21),
        rights="All rights with the publisher",
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        exclude=exclude,
    )


@pytest.fixture(scope="session")
def make_article() -> Callable[..., Article]:
    """An article of the given text, titled "On twitching"."""
    return _make_article


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with one sound article, good.txt and good.toml."""
    (tmp_path / "good.txt").write_text("On twitching\n\nBabies twitch in their sleep.\n")
    (tmp_path / "good.toml").write_text(METADATA)
    return tmp_path


@pytest.fixture
def metadata() -> str:
    """The lines of a sound metadata file."""
    return METADATA
