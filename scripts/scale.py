#!/usr/bin/env python3
"""Measure what a shard takes of a question, in made-up corpora cut into some; simulate many machines."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Sequence
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
from app.cluster.merging import ShardedRetriever
from app.cluster.shards import Shard, cut_generation
from app.index.generation import Generation
from app.index.model import Model
from app.index.publish import open_current
from app.settings import Settings
from bench.figures import time_call
from growth import StaticModel, build_corpus, describe, read_questions

SHARDS = (1, 2, 4)
SIZES = (10_000, 100_000)
Samples = NDArray[np.float64]
Figures = dict[str, float]

CALLS = 500
"""That are carried to be measured."""
OVERHEAD = "carrying"
OWN = 3.0
"""Milliseconds of the process that asks, besides its calls: encoding, merging, confidence."""
QUESTIONS = 20_000
"""That a simulation asks."""
SLOW, SLOWER = 0.01, 20.0
"""Calls that meet a slow replica (a collection, a cold file, a neighbour), and how much longer they take."""
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


def measure(size: int, settings: Settings, folder: Path) -> tuple[list[Figures], dict[str, list[float]]]:
    """Each way to cut so many passages; of the last what each call took, in processor's milliseconds."""
    whole = folder / str(size)
    if not whole.exists():
        index = answer_from(open_current(settings.index_dir), settings).index
        texts = [passage.text for _, passage in index.store.passage_rows()]
        build_corpus(size, StaticModel(Model.load(settings.model), texts), settings, whole)
    one = answer_from(Generation.open(whole), settings)
    questions = read_questions(settings)
    figures = []
    for count in SHARDS:
        with TemporaryDirectory(dir=folder) as scratch:
            cut = Path(scratch) / "cut"
            shutil.copytree(whole, cut, copy_function=os.link)
            began = time.thread_time()
            cut_generation(cut, count)
            seconds = time.thread_time() - began
            with Generation.open(cut) as generation:
                timed = Timed(generation)
                answerer = IndexAnswerer(one.index, ShardedRetriever(generation.manifest.shards, timed))
                same = [_first(one, q) == _first(answerer, q) for q in questions]
                for samples in timed.milliseconds.values():
                    samples.clear()
                here, there = _time(one, questions), _time(answerer, questions)
                figures.append(
                    {
                        "passages": len(one.index.passages),
                        "shards": count,
                        "whole p50 ms": float(np.median(here)),
                        "all shards in turn p50 ms": float(np.median(there)),
                        "propose p50 ms": float(np.median(timed.milliseconds["propose"])),
                        "propose p99 ms": float(np.quantile(timed.milliseconds["propose"], 0.99)),
                        "compare p50 ms": float(np.median(timed.milliseconds["compare"])),
                        "same first five": float(np.mean(same)),
                        "cutting s": seconds,
                    }
                )
                print(figures[-1], flush=True)
    return figures, timed.milliseconds


def _first(answerer: IndexAnswerer, question: str) -> list[str]:
    answer = answerer.answer(question)
    return [match.passage.id for match in (*answer.matches, *answer.closest)]


def _time(answerer: IndexAnswerer, questions: Sequence[str]) -> Samples:
    """Processor's milliseconds of each question: what other processes do does not count."""
    times = []
    for question in questions:
        began = time.thread_time()
        answerer.answer(question)
        times.append(1e3 * (time.thread_time() - began))
    return np.array(times)


def simulate(
    shards: int, propose: Samples, compare: Samples, overhead: Samples, each: float, *, hedged: bool
) -> Figures:
    """Questions' milliseconds over so many shards, each call's drawn from what was measured.

    ``each`` is what making a call takes of the process that asks, which waits for the slowest shard, twice.
    """
    random = np.random.default_rng(1)

    def draw(samples: Samples, calls: int) -> Samples:
        shape = (QUESTIONS, calls)
        taken = random.choice(samples, shape) * np.where(random.random(shape) < SLOW, SLOWER, 1)
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


def measure_ray(settings: Settings, address: str, overhead: Path) -> Figures:
    """What carrying adds: milliseconds on the wall of a call over Ray Serve, without what the shard takes."""
    from app.cluster.serving import RayCarrier, connect

    with open_current(settings.index_dir) as generation:
        connect(address)
        carrier = RayCarrier(generation, 1)
        timed = Timed(generation)
        vector, rows = np.zeros(generation.manifest.model.dimension, dtype=np.float32), np.arange(1)
        request = {0: (vector, rows)}
        carrier.call("cosines", request)
        began = time.process_time()
        there = [time_call(lambda: carrier.call("cosines", request)) for _ in range(CALLS)]
        each = 1e3 * (time.process_time() - began) / CALLS
        here = [time_call(lambda: timed.call("cosines", request)) for _ in range(CALLS)]
    samples = np.array(there) - np.median(here)
    overhead.write_text(json.dumps({"samples": samples.tolist(), "each": each}), encoding="ascii")
    p50, p99 = np.quantile(samples, [0.5, 0.99]).tolist()
    return {"calls": CALLS, "p50 ms": p50, "p99 ms": p99, "asker's processor ms a call": each}


def main() -> None:
    """Measure, or simulate with what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where what is built and measured is kept")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="passages of the corpora")
    parser.add_argument("--ray", metavar="ADDRESS", help="measure what carrying adds in this Ray cluster")
    parser.add_argument("--simulate", type=int, nargs="*", default=(), help="shards to simulate")
    parser.add_argument(
        "--times", type=float, default=1.0, help="what the simulated shards take, in times of the measured"
    )
    options, settings = parser.parse_args(), Settings()
    options.folder.mkdir(exist_ok=True)
    for size in options.sizes:
        figures, samples = measure(size, settings, options.folder)
        print(describe(figures))
        (options.folder / f"{size}.json").write_text(json.dumps(samples), encoding="ascii")
    if options.ray:
        print(describe([measure_ray(settings, options.ray, options.folder / OVERHEAD)]))
    if options.simulate:
        found = json.loads(max(options.folder.glob("*.json"), key=lambda path: int(path.stem)).read_bytes())
        carrying = json.loads((options.folder / OVERHEAD).read_bytes())
        propose = options.times * np.array(found["propose"])
        compare = options.times * np.array(found["compare"])
        rows = [
            simulate(shards, propose, compare, np.array(carrying["samples"]), carrying["each"], hedged=hedged)
            for shards in options.simulate
            for hedged in (False, True)
        ]
        print(describe(rows))


if __name__ == "__main__":
    run(main)
