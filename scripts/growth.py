#!/usr/bin/env python3
"""Measure how time, memory and disk grow with made-up corpora; write docs/growth.md and its picture."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from console import ROOT, run

# As app/server.py sets them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.opening import answer_from
from app.answering.search import RESCORED
from app.corpus.catalog import read_corpus
from app.errors import BuildError
from app.index.build import annotate, build_generation
from app.index.encoder import normalise, pool
from app.index.generation import Generation
from app.index.lexical import list_content_words
from app.index.model import Model, TextVectors
from app.index.postings import ADDED, CHAMPIONS, SHARE
from app.index.publish import open_generation
from app.index.retriever import PROPOSED
from app.index.vectors import PROBED, VectorIndex, choose_kind
from app.settings import Settings
from bench.figures import Spread, make_table, time_call, time_processor
from bench.picture import load_pyplot
from synthesize import Synthesizer, collect

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
VECTORS = (100_000, 1_000_000)
NOISE, POOL = 0.3, 50_000
"""Length of the noise beside a token's vector, and how much of it is made."""
READY = """import sys
from pathlib import Path
from app.answering.opening import answer_from
from app.index.generation import Generation
from app.settings import Settings
answer_from(Generation.open(Path(sys.argv[1])), Settings())
"""
Figures = dict[str, float]
Matrix = NDArray[np.float32]


class StaticModel(Model):
    """Gives each token its mean vector in the real articles, and noise: as large as the model's, at once."""

    def __init__(self, model: Model, texts: Sequence[str]) -> None:
        """Take the means from these texts, as ``model`` sees them.

        Raises BuildError for a model whose tokenizer does not cut up words one by one.
        """
        super().__init__(model.name, model.folder, model.adapter)
        self.seconds = 0.0
        """Spent on what the model would do."""
        sums = np.zeros((len(self.tokenizer.vocabulary), self.settings.dimension), dtype=np.float32)
        for text, (_, tokens) in zip(texts, model.encode(texts), strict=True):
            np.add.at(sums, self.tokenizer.tokenize(text)[0], tokens)
        self._table = normalise(sums)
        tokenize = self.tokenizer.tokenize
        self._first, self._last = tokenize("")[0].tolist()
        self._tokens_of: Callable[[str], list[int]] = cache(lambda word: tokenize(word)[0][1:-1].tolist())
        if any(self._tokenize(text) != tokenize(text)[0].tolist() for text in texts):
            raise BuildError(f"The tokens of the model {model.name} reach over white space.")
        self._random, dimension = np.random.default_rng(1), self.settings.dimension
        self._noise = self._random.normal(0, NOISE / np.sqrt(dimension), (POOL, dimension)).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> Iterator[TextVectors]:
        """Each text's vector and token vectors, in order."""
        for text in texts:
            began = time.perf_counter()
            tokens = self._table[self._tokenize(text)]
            start = self._random.integers(POOL - len(tokens))
            noisy = tokens + self._noise[start : start + len(tokens)]
            vector = pool(noisy, "mean")
            self.seconds += time.perf_counter() - began
            yield vector, noisy

    def _tokenize(self, text: str) -> list[int]:
        """What the tokenizer gives, each word cut up once."""
        ids = [number for word in text.split() for number in self._tokens_of(word)]
        return [self._first, *ids[: self.settings.max_length - 2], self._last]


def measure_corpus(size: int, model: StaticModel, settings: Settings, folder: Path) -> Figures:
    """Build so many passages where they are not built yet, then ask them in a process of its own."""
    built = folder / "built.json"
    if not built.exists():
        seconds = build_corpus(size, model, settings, folder / "generation")
        built.write_text(json.dumps(seconds), encoding="ascii")
    generation = folder / "generation"
    for path in generation.iterdir():  # have the system keep nothing of the files in memory
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    from_disk = _ask_elsewhere(generation)
    with Generation.open(generation) as opened:
        opened.verify()  # as a server does when it has opened it
    # From starting a process to a question's being welcome, the fastest of three.
    command = [sys.executable, "-c", READY, str(generation)]
    starts = [time_call(lambda: subprocess.run(command, check=True, cwd=ROOT)) / 1e3 for _ in range(3)]
    figures = _ask_elsewhere(generation)
    size_on_disk = sum(path.stat().st_size for path in generation.iterdir())
    seconds, count = float(json.loads(built.read_text(encoding="ascii"))), figures["passages"]
    return {
        **figures,
        "from disk p50 ms": from_disk["p50 ms"],
        "start to ready s": min(starts),
        "build ms a passage": 1e3 * seconds / count,
        "bytes a passage": size_on_disk / count,
    }


def _ask_elsewhere(generation: Path) -> Figures:
    """Put the questions in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--open", str(generation)]
    figures: Figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def build_corpus(size: int, model: StaticModel, settings: Settings, folder: Path) -> float:
    """Seconds that a whole generation takes, as publishing leaves it, without encoding."""
    articles = collect(Synthesizer(read_corpus(settings.corpus_dir)).make(), size)
    folder.mkdir(parents=True)
    began, model.seconds = time.perf_counter(), 0.0
    with open_generation(settings.index_dir) as current:  # its encoder is used again
        build_generation(articles, folder, model, previous=(current,))
        annotate(folder, extra=current.manifest.extra)
    with Generation.open(folder) as built:
        built.note_checked()
    return time.perf_counter() - began - model.seconds


def open_and_ask(folder: Path, settings: Settings) -> Figures:
    """Memory and the time of a question, everything on, in this process."""
    answerer = answer_from(Generation.open(folder), settings)
    questions = read_questions(settings)
    for question in questions[:10]:
        answerer.answer(question)
    spread = Spread.of([time_call(lambda q=q: answerer.answer(q)) for q in questions])  # type: ignore[misc]
    encoding = Spread.of([time_call(lambda q=q: answerer.index.encoder.encode(q)) for q in questions])  # type: ignore[misc]
    processor = float(np.median(time_processor(answerer.answer, questions)))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "passages": len(answerer.index.passages),
        "p50 ms": spread.p50,
        "p95 ms": spread.p95,
        "of which encoding ms": encoding.p50,
        "processor ms": processor,
        "found by words": _measure_words(answerer, questions),
        "own MB": int(status["RssAnon"].split()[0]) / 1024,
        "mapped MB": int(status["RssFile"].split()[0]) / 1024,
    }


def _measure_words(answerer: IndexAnswerer, questions: Sequence[str]) -> float:
    """How many of the best passages by words are among those that a question is given."""
    lexical, postings, shares = answerer.index.lexical, answerer.index.retriever.postings, []
    for words in map(list_content_words, questions):
        terms = lexical.terms_of(words)
        wanted, _ = postings.search(terms, PROPOSED, exact=True)
        if len(wanted):
            shares.append(np.isin(wanted, postings.search(terms, PROPOSED)[0]).mean())
    return float(np.mean(shares))


def read_questions(settings: Settings) -> list[str]:
    lines = (settings.questions_dir / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def measure_vectors(count: int, base: Matrix, queries: Matrix, path: Path) -> Figures:
    """The passages' index alone, over mixtures of real vectors: recall against comparing all."""
    vectors = _mix(base, count)
    exact = np.argpartition(-(queries @ vectors.T), 10, axis=1)[:, :10]
    seconds = time_call(lambda: VectorIndex.build(vectors).write(path)) / 1e3
    index = VectorIndex.open(path)
    found = [set(index.search(query, 10)[0].tolist()) for query in queries]
    recall = np.mean([len(f & set(e.tolist())) / 10 for f, e in zip(found, exact, strict=True)])
    spread = Spread.of([time_call(lambda q=q: index.search(q, 100)) for q in queries])  # type: ignore[misc]
    return {
        "vectors": count,
        "recall@10": float(recall),
        "p50 ms": spread.p50,
        "p95 ms": spread.p95,
        "build s": seconds,
        "bytes a vector": path.stat().st_size / count,
    }


def _mix(base: Matrix, count: int) -> Matrix:
    """Each a mixture of three real vectors, and noise."""
    rng, dimension = np.random.default_rng(7), base.shape[1]
    vectors = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, 50_000):
        part = vectors[start : start + 50_000]
        part[:] = rng.normal(0, 0.5 / np.sqrt(dimension), part.shape)
        weights = rng.dirichlet([1, 1, 1], len(part)).astype(np.float32)
        for column in weights.T:
            part += column[:, None] * base[rng.integers(0, len(base), len(part))]
    return normalise(vectors)


def draw(rows: Sequence[Figures], path: Path) -> None:
    """Time, disk and build over the number of passages, on logarithmic scales."""
    pyplot = load_pyplot()
    names = ("p50 ms", "bytes a passage", "build ms a passage")
    figure, axes = pyplot.subplots(1, len(names), figsize=(9, 2.6), layout="constrained")
    for axis, name in zip(axes, names, strict=True):
        axis.plot([row["passages"] for row in rows], [row[name] for row in rows], marker="o")
        axis.set(title=name, xlabel="passages", xscale="log", ylim=(0, None))
    figure.savefig(path)


def describe(rows: Sequence[Figures]) -> str:
    """A table of figures, each column one of their names."""
    lines = [[f"{n:,.0f}" if n >= 1_000 or n == int(n) else f"{n:.3g}" for n in row.values()] for row in rows]
    return make_table(list(rows[0]), lines)


def main() -> None:
    """Every size in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="passages of whole generations")
    parser.add_argument("--vectors", type=int, nargs="*", default=VECTORS, help="vectors alone")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave what is built there, and use it")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options, settings = parser.parse_args(), Settings()
    if options.open:
        print(json.dumps(open_and_ask(options.open, settings)))
        return
    with TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        write_report(settings, options.sizes, options.vectors, folder)


def write_report(settings: Settings, sizes: Sequence[int], counts: Sequence[int], folder: Path) -> None:
    """docs/growth.md and its picture; what is built is in ``folder``."""
    load = os.getloadavg()[0]
    answerer = answer_from(open_generation(settings.index_dir), settings)
    index = answerer.index
    base = np.concatenate([part.vectors(np.arange(len(part))) for part in (index.passages, index.sentences)])
    queries = np.stack([index.encoder.encode(question).vector for question in read_questions(settings)])
    texts = [passage.text for _, passage in index.store.passage_rows()]
    model = StaticModel(Model.load(settings.model), texts)
    corpora, vectors = [], []
    for size in sizes:
        corpora.append(measure_corpus(size, model, settings, folder / str(size)))
        print(corpora[-1], flush=True)
    for count in counts:
        vectors.append(measure_vectors(count, base, queries, folder / f"{count} vectors"))
        print(choose_kind(count), vectors[-1], flush=True)
    introduction = INTRODUCTION.format(
        load=load,
        questions=len(read_questions(settings)),
        probed=PROBED,
        champions=CHAMPIONS,
        added=ADDED,
        share=SHARE,
        most=3 * PROPOSED,
        large=2 * PROPOSED,
        rescored=RESCORED,
    )
    parts = [introduction, describe(corpora), "![growth](pictures/growth.png)"]
    if vectors:
        parts += [ALONE, describe(vectors)]
    (ROOT / "docs" / "growth.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    draw(corpora, ROOT / "docs" / "pictures" / "growth.png")


INTRODUCTION = """# Growth

Written by `scripts/growth.py` (`make bench-growth`), on two cores, one thread a question; load average of the
machine at the start: {load:.1f}. The corpora are made up by `scripts/synthesize.py` from the articles' own
sentences and words. Their vectors are not the model's, which would take hours: each token has its mean vector
in the real articles, and noise; building is counted without the time that giving these takes. Questions are
encoded by the model, and every feature is on. The files have been read before, as a server reads them when
it has opened them, and are in the system's memory; "from disk" is the same where nothing of them is. Starting
is that of a new process, Python and its imports included, until it can answer. Memory is that of one process
after each of {questions} questions twice: its own, and what it has mapped of the files, which all processes
share.

What keeps a question quick: of vectors, {probed} lists are looked into. What a word counts in a passage is
worked out at build; of a word at most {champions:,} passages are looked at, those that it counts most in, and
of what all words of a question count the best {added:,} are added up, or one in {share} where there are more.
"Found by words" is how many of the 100 best passages by BM25 that finds; it is harder here than in a real
corpus, for nearly every word of the made-up ones is common. Of candidates, at most {most} are compared by
their sentences, {large} in a large corpus, and {rescored} by their tokens, and only theirs are read. Opening
maps the files; large ones that nobody wrote to since they were checked are checked again behind (see
[architecture](architecture.md)).

Building the largest takes about 25 minutes of one core, 17 GB of disk and at most 10 GB of memory, a part of
which is files.

The made-up passages are drawn from the same few hundred sentences, so that their vectors lie in fewer and
denser crowds than those of real ones. What is found by vectors is therefore measured apart, below."""

ALONE = """The index of the passages' vectors alone, over mixtures of three real vectors and noise; recall@10
against comparing all of them."""


if __name__ == "__main__":
    run(main)
