"""What one changed sentence costs, and what an index takes on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.index.build import ENCODERS, build_generation
from app.index.generation import Generation
from app.index.model import Model, TextVectors
from app.records import Article
from app.settings import Settings
from synthesize import Synthesizer

ARTICLES = 100


class CountingModel(Model):
    """The real model, which counts the texts that it encodes and the seconds that takes."""

    texts = 0
    seconds = 0.0

    def encode(self, texts: Sequence[str]) -> Iterator[TextVectors]:
        """Each text's vector and token vectors, in order."""
        self.texts += len(texts)
        encoded = super().encode(texts)
        while (one := self._take(encoded)) is not None:
            yield one

    def _take(self, encoded: Iterator[TextVectors]) -> TextVectors | None:
        began = time.perf_counter()
        one = next(encoded, None)
        self.seconds += time.perf_counter() - began
        return one


@dataclass(frozen=True, slots=True)
class Built:
    """What one build took."""

    texts: int
    """Encoded."""
    encoding: float
    """Seconds."""
    seconds: float
    """Of the whole build."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What a generation takes."""

    passages: int
    bytes: int
    encoder: int
    """Bytes that do not grow with the corpus."""

    @property
    def per_passage(self) -> float:
        """Bytes of everything but the encoder."""
        return (self.bytes - self.encoder) / self.passages


@dataclass(frozen=True, slots=True)
class Reindexing:
    """A corpus built as a whole, then again with one sentence changed."""

    articles: int
    whole: Built
    again: Built
    disk: Disk


def measure_reindexing(settings: Settings, folder: Path) -> Reindexing:
    """Build ARTICLES made-up articles in ``folder`` with the real model, then again."""
    model = CountingModel.load(settings.model)
    list(model.encode(["The model is loaded before anything is timed."]))
    articles = list(islice(Synthesizer(read_corpus(settings.corpus_dir)).make(), ARTICLES))
    whole = _build(articles, folder / "whole", model, ())
    middle = ARTICLES // 2
    changed = [*articles[:middle], change_sentence(articles[middle]), *articles[middle + 1 :]]
    with Generation.open(folder / "whole") as generation:
        again = _build(changed, folder / "again", model, (generation,))
        return Reindexing(ARTICLES, whole, again, weigh(generation))


def change_sentence(article: Article) -> Article:
    """A word more in a sentence in the middle of the article."""
    passages = [passage for passage in cut_article(article) if passage.sentences]
    start, _ = passages[len(passages) // 2].sentences[0]
    text = f"{article.text[:start]}Moreover {article.text[start:]}"
    return replace(article, text=text, sha256=sha256(text.encode()).hexdigest())


def weigh(generation: Generation) -> Disk:
    """Its files, by what they hold."""
    sizes = {path.name: path.stat().st_size for path in generation.folder.iterdir()}
    encoder = sum(sizes[name] for name in ENCODERS)
    return Disk(generation.manifest.counts["passages"], sum(sizes.values()), encoder)


def _build(
    articles: Sequence[Article], folder: Path, model: CountingModel, previous: Sequence[Generation]
) -> Built:
    folder.mkdir()
    texts, encoding, began = model.texts, model.seconds, time.perf_counter()
    build_generation(articles, folder, model, previous=previous)
    return Built(model.texts - texts, model.seconds - encoding, time.perf_counter() - began)
