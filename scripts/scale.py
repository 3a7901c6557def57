#!/usr/bin/env python3
"""Measure shards of made-up corpora and builds, here and over Ray; simulate many machines."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from console import run

# As app/server.py sets them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.opening import answer_from
from app.cluster.shards import Shard, ShardedRetriever, cut_generation
from app.corpus.catalog import read_corpus
from app.index.build import Work, build_generation, encode_here
from app.index.generation import Generation
from app.index.model import Model
from app.index.publish import GENERATIONS, open_generation
from app.settings import Settings
from bench.figures import time_call, time_processor
from growth import StaticModel, build_corpus, describe, read_questions

SHARDS = (1, 2, 4)
SIZES = (10_000, 100_000)
Samples = NDArray[np.float64]
Figures = dict[str, float]

CALLS = 500
"""That are carried to be measured."""
CARRYING = "carrying"
THREADS = (1, 4)
SECONDS = 8
"""That each number of them asks for."""
OWN = 3.0
"""Milliseconds of the process that asks, besides its calls: encoding, merging, confidence."""
QUESTIONS = 20_000
"""That a simulation asks."""
SLOWER = 20.0
"""How much longer a call takes that meets a slow replica (a collection, a cold file, a neighbour)."""
HEDGED = 0.95
"""A hedged call is made a second time when it takes longer than so many of all."""


class Timed:
    """Calls shards one after the other in this process and keeps how long each took."""

    def __init__(self, generation: Generation) -> None:
        self._name = generation.name
        self._shards = [Shard(generation, n) for n in range(len(generation.manifest.shards) - 1)]
        self.milliseconds: dict[str, list[float]] = {"propose": [], "compare": [], "cosines": []}

    def call(self, method: str, requests: Any) -> dict[int, Any]:
        """What the shards answer."""
        answers = {}
        for number, request in requests.items():
            began = time.thread_time()
            answers[number] = getattr(self._shards[number], method)(self._name, *request)
            self.milliseconds[method].append(1e3 * (time.thread_time() - began))
        return answers


def build_whole(size: int, settings: Settings, folder: Path) -> Path:
    """A generation of so many made-up passages, built where it is not yet."""
    whole = folder / str(size)
    if not whole.exists():
        index = answer_from(open_generation(settings.index_dir), settings).index
        texts = [passage.text for _, passage in index.store.passage_rows()]
        build_corpus(size, StaticModel(Model.load(settings.model), texts), settings, whole)
    return whole


def cut(whole: Path, count: int, folder: Path) -> tuple[Path, float]:
    """The same in so many shards, and the processor's seconds that it took, none where it was there."""
    target = folder / GENERATIONS / f"{whole.name}-{count}"
    if target.exists():
        return target, 0.0
    half = target.with_name(f".{target.name}")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(whole, half, copy_function=os.link)
    began = time.thread_time()
    cut_generation(half, count)
    seconds = time.thread_time() - began
    half.rename(target)
    return target, seconds


def measure(
    shards: Path, one: IndexAnswerer, questions: Sequence[str]
) -> tuple[Figures, dict[str, list[float]]]:
    """What all of a question and each of its calls took, in processor's milliseconds."""
    with Generation.open(shards) as generation:
        timed = Timed(generation)
        answerer = IndexAnswerer(one.index, ShardedRetriever(generation.manifest.shards, timed.call))
        same = [_first(one, question) == _first(answerer, question) for question in questions]
        for samples in timed.milliseconds.values():
            samples.clear()
        times = {
            name: time_processor(asked.answer, questions)
            for name, asked in (("whole", one), ("all shards in turn", answerer))
        }
    times |= {name: timed.milliseconds[name] for name in ("propose", "compare")}
    figures: Figures = {"passages": len(one.index.passages), "shards": len(generation.manifest.shards) - 1}
    for name, taken in times.items():
        figures |= _spread(taken, f"{name} ")
    return {**figures, "same first five": float(np.mean(same))}, timed.milliseconds


def _spread(samples: Samples | Sequence[float], name: str = "") -> Figures:
    p50, p99 = np.quantile(samples, (0.5, 0.99)).tolist()
    return {f"{name}p50 ms": p50, f"{name}p99 ms": p99}


def _first(answerer: IndexAnswerer, question: str) -> list[str]:
    answer = answerer.answer(question)
    return [match.passage.id for match in (*answer.matches, *answer.closest)]


def simulate(
    shards: int,
    propose: Samples,
    compare: Samples,
    overhead: Samples,
    each: float,
    *,
    slow: float,
    hedged: bool,
) -> Figures:
    """Questions' milliseconds over so many shards, each call's drawn from what was measured.

    ``each`` is what making a call takes of the process that asks, which waits for the slowest shard, twice;
    ``slow`` is the share of calls that meet a slow replica.
    """
    random = np.random.default_rng(1)

    def draw(samples: Samples, calls: int) -> Samples:
        shape = (QUESTIONS, calls)
        taken = random.choice(samples, shape) * np.where(random.random(shape) < slow, SLOWER, 1)
        return np.asarray(taken + random.choice(overhead, shape))

    def wait(samples: Samples, calls: int) -> tuple[Samples, float]:
        taken = draw(samples, calls)
        late = float(np.quantile(taken, HEDGED))
        again = taken > late if hedged else np.zeros(taken.shape, dtype=bool)
        taken = np.where(again, np.minimum(taken, late + draw(samples, calls)), taken)
        return np.asarray(taken.max(axis=1)), float(again.mean())

    first, more = wait(propose, shards)
    # The best 24 lie in at most so many shards.
    second, _ = wait(compare, min(shards, 24))
    total = OWN + each * (shards + min(shards, 24)) * (1 + more) + first + second
    return {
        "shards": shards,
        "hedged": float(hedged),
        "p50 ms": float(np.median(total)),
        "p99 ms": float(np.quantile(total, 0.99)),
        "calls more": more,
    }


def ask(answerer: IndexAnswerer, questions: Sequence[str], threads: int) -> Figures:
    """Questions a second, and their milliseconds on the wall, of so many threads that each ask in turn."""
    times: list[float] = []
    began = time.perf_counter()

    def ask_on(first: int) -> None:
        for question in cycle([*questions[first:], *questions[:first]]):
            times.append(time_call(lambda q=question: answerer.answer(q)))  # type: ignore[misc]
            if time.perf_counter() > began + SECONDS:
                return

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask_on, np.linspace(0, len(questions), threads, endpoint=False, dtype=int).tolist()))
    return {
        "threads": threads,
        "questions a second": len(times) / (time.perf_counter() - began),
        **_spread(times),
    }


def ask_over_ray(shards: Path, one: IndexAnswerer, questions: Sequence[str], address: str) -> list[Figures]:
    """The same over Ray Serve, one replica of each shard; what carrying one call adds is kept beside them."""
    from ray import serve

    from app.cluster import serving

    serving.START_SECONDS = 120  # that a server would wait for less
    serving.connect(address)
    with Generation.open(shards) as generation:
        carrier = serving.RayCarrier(generation, 1)
        answerer = IndexAnswerer(one.index, ShardedRetriever(generation.manifest.shards, carrier.call))
        for question in questions:
            answerer.answer(question)
        found = [ask(answerer, questions, threads) for threads in THREADS]
        vector, rows = np.zeros(generation.manifest.model.dimension, dtype=np.float32), np.arange(1)
        request, timed = {0: (vector, rows)}, Timed(generation)
        began = time.process_time()
        there = [time_call(lambda: carrier.call("cosines", request)) for _ in range(CALLS)]
        each = 1e3 * (time.process_time() - began) / CALLS
        here = [time_call(lambda: timed.call("cosines", request)) for _ in range(CALLS)]
        for name in serve.status().applications:
            if name.startswith(f"{serving.PREFIX}{generation.name}-"):
                serve.delete(name)
    carrying = np.array(there) - np.median(here)
    kept = json.dumps({"samples": carrying.tolist(), "each": each})
    (shards.parents[1] / CARRYING).write_text(kept, encoding="ascii")
    print("Carrying", {**_spread(carrying), "asker's processor ms a call": each}, flush=True)
    return found


def measure_build(settings: Settings, address: str | None) -> Figures:
    """Seconds to build the articles anew, encoding on all nodes of a cluster or in this process alone."""
    from app.cluster.encoding import spread_over

    articles, model = read_corpus(settings.corpus_dir), Model.load(settings.model)
    waits: list[float] = []

    def time_waits(work: Work, texts: Iterator[Any]) -> Iterator[Any]:
        results = spread(work, texts)
        while True:
            began = time.perf_counter()
            result = next(results, None)
            waits.append(time.perf_counter() - began)
            if result is None:
                return
            yield result

    with TemporaryDirectory() as scratch, ExitStack() as stack:
        began = time.perf_counter()
        spread = stack.enter_context(spread_over(address, model)) if address else partial(encode_here, model)
        manifest = build_generation(articles, Path(scratch), model, spread=time_waits)
        seconds = time.perf_counter() - began
    return {
        "passages": manifest.counts["passages"],
        "sentences": manifest.counts["sentences"],
        "seconds": seconds,
        "of which for encoding": sum(waits),
        "of which for the first text": waits[0],
    }


def main() -> None:
    """Measure, or simulate with what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where what is built and measured is kept")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="passages of the corpora")
    parser.add_argument("--current", action="store_true", help="measure the current generation, too")
    parser.add_argument("--shards", type=int, nargs="*", default=SHARDS, help="shards to cut each into")
    parser.add_argument("--ray", metavar="ADDRESS", help="ask over this Ray cluster, too")
    parser.add_argument("--build", action="store_true", help="time a build of corpus/, on --ray's nodes")
    parser.add_argument("--simulate", type=int, nargs="*", default=(), help="shards to simulate")
    parser.add_argument(
        "--times", type=float, default=1.0, help="what the simulated shards take, in times of the measured"
    )
    parser.add_argument(
        "--slow", type=float, default=0.01, help="share of the calls that meet a slow replica"
    )
    options, settings = parser.parse_args(), Settings()
    options.folder.mkdir(exist_ok=True)
    if options.build:
        print(describe([measure_build(settings, options.ray)]))
    wholes = [build_whole(size, settings, options.folder) for size in options.sizes]
    wholes += [open_generation(settings.index_dir).folder] if options.current else []
    for whole in wholes:
        one, questions = answer_from(Generation.open(whole), settings), read_questions(settings)
        figures, asked = [], []
        for count in options.shards:
            shards, seconds = cut(whole, count, options.folder)
            took, samples = measure(shards, one, questions)
            figures.append({**took, "cutting s": seconds})
            print(figures[-1], flush=True)
            name = f"{len(one.index.passages) // count}.json"  # by the passages of a shard
            (options.folder / name).write_text(json.dumps(samples), encoding="ascii")
            if options.ray:
                found = ask_over_ray(shards, one, questions, options.ray)
                asked += [{"shards": count, **row} for row in found]
        print(describe(figures))
        if options.ray:
            alone = [{"shards": 0, **ask(one, questions, threads)} for threads in THREADS]
            print(describe([*alone, *asked]))
    if options.simulate:
        found = json.loads(max(options.folder.glob("*.json"), key=lambda path: int(path.stem)).read_bytes())
        carrying = json.loads((options.folder / CARRYING).read_bytes())
        propose = options.times * np.array(found["propose"])
        compare = options.times * np.array(found["compare"])
        rows = [
            simulate(
                shards,
                propose,
                compare,
                np.array(carrying["samples"]),
                carrying["each"],
                slow=options.slow,
                hedged=hedged,
            )
            for shards in options.simulate
            for hedged in (False, True)
        ]
        print(describe(rows))


if __name__ == "__main__":
    run(main)
