#!/usr/bin/env python3
"""Measure Nightlight beside the plain way and other frameworks, interleaved; write docs/performance.md."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from console import ROOT, run

os.environ["HF_HUB_OFFLINE"] = "1"
# As app/server.py sets them: workers share the cores. The plain way's torch keeps its own default.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.evaluation.questions import read_questions
from app.index.model import Model
from app.settings import Settings
from bench.figures import Spread, interleave, time_call
from bench.load import make_paths, pace, press
from bench.others import Find, open_others
from bench.reindexing import measure_reindexing, weigh
from bench.report import CONNECTIONS, OURS, PICTURE, PLAIN, Measured, Served, describe, draw
from bench.rightness import compare_rightness, find_ours, select_answerable
from bench.servers import Kind, Memory, describe_ours, describe_page, describe_plain, serve, weigh_workers
from bench.stages import Call, measure_stages

BEGIN, END = "<!-- measured by scripts/benchmark.py -->", "<!-- end of what was measured -->"
WARM_CONNECTIONS = 4
PERFORMANCE = ROOT / "docs" / "performance.md"
JUDGED = ("dev", "heldout")
AT_A_TIME = 30
"""Questions that each system answers before the next one's turn."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int
    """Times that every question is asked in process."""
    starts: int
    seconds: float
    """Of each load."""
    encodings: int
    """Times that all texts are encoded by each way."""
    whole: bool
    """Other frameworks and a re-index too."""


FULL, QUICK = (
    Effort(rounds=6, starts=3, seconds=5.0, encodings=3, whole=True),
    Effort(rounds=1, starts=1, seconds=1.0, encodings=1, whole=False),
)


def open_systems(effort: Effort) -> dict[str, Find | None]:
    """The plain way and, at length, other frameworks on its model and passages; None is not installed."""
    import plain

    def find(question: str) -> list[tuple[str, str]]:
        return [(str(found["article"]), str(found["text"])) for found in plain.find(question)]

    return {PLAIN: find, **(open_others(plain.MODEL, plain.passages) if effort.whole else {})}


def measure_process(
    answerer: IndexAnswerer, systems: Mapping[str, Find | None], questions: Sequence[str]
) -> dict[str, Spread]:
    """A question in this process: us beside the others, each as a process that does nothing else meets it."""
    calls: dict[str, Call] = {OURS: answerer.answer, **{name: find for name, find in systems.items() if find}}
    interleave(calls, questions[:10])
    return interleave(calls, questions, at_a_time=AT_A_TIME)


def judge_answers(answerer: IndexAnswerer, systems: Mapping[str, Find | None], settings: Settings) -> str:
    """How often the first passages of each system answer."""
    sets = {
        name: select_answerable(read_questions(settings.questions_dir / f"{name}.jsonl")) for name in JUDGED
    }
    texts = {article.slug: article.text for article in answerer.articles()}
    return compare_rightness({OURS: find_ours(answerer), **systems}, sets, texts)


def measure_servers(kinds: Sequence[Kind], questions: Sequence[str], effort: Effort) -> dict[str, Served]:
    """Every kind in turn, so that a change of the machine's load meets all of them."""
    starts: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    for _ in range(effort.starts - 1):
        for kind in kinds:
            with serve(kind) as running:
                starts[kind.name].append(running.seconds)
    return {kind.name: _measure_server(kind, questions, effort, starts[kind.name]) for kind in kinds}


def _measure_server(kind: Kind, questions: Sequence[str], effort: Effort, starts: list[float]) -> Served:
    paths = make_paths(kind.path, questions)
    with serve(kind) as running:
        press(running.address, paths, WARM_CONNECTIONS, effort.seconds)
        rates = {n: press(running.address, paths, n, effort.seconds) for n in CONNECTIONS}
        half = max(rate for rate, _ in rates.values()) / 2
        paced = pace(running.address, paths, half, effort.seconds)
        workers = weigh_workers(running)
    memory = Memory(median(w.resident for w in workers), median(w.own for w in workers))
    return Served([*starts, running.seconds], memory, rates, paced)


def measure_build(settings: Settings, effort: Effort) -> dict[str, float]:
    """Texts a second: ours with token vectors, and `encode` on the same texts in their order."""
    import plain

    texts = [text for _, text in plain.passages]
    model = Model.load(settings.model)
    list(model.encode(texts[:32])), plain.model.encode(texts[:32])
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(effort.encodings):
        times["ours"].append(time_call(lambda: list(model.encode(texts))))
        times["plain"].append(time_call(lambda: plain.model.encode(texts)))
    return {name: 1e3 * len(texts) / min(values) for name, values in times.items()}


def describe_machine() -> str:
    """What it was measured on, and what else the machine was doing."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    cpu = names[0].partition(": ")[2] if names else platform.machine()
    load = os.getloadavg()[0]
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load:.1f}."


def write_page(content: str) -> None:
    """Replace what was measured before."""
    text = PERFORMANCE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PERFORMANCE.write_text(f"{before}{BEGIN}\n\n{content}\n\n{END}{after}", encoding="utf-8")


def measure(answerer: IndexAnswerer, settings: Settings, effort: Effort, scratch: Path) -> Measured:
    """One thing after the other; what is compared takes turns."""
    vectors = scratch / "plain.npy"
    os.environ["PLAIN_VECTORS"] = str(vectors)
    systems = open_systems(effort)
    asked = [question.question for question in read_questions(settings.questions_dir / "dev.jsonl")]
    questions = asked * effort.rounds
    ours, page = describe_ours(settings.index_dir), describe_page(settings.index_dir)
    return Measured(
        stages=measure_stages(answerer, questions),
        beside=measure_process(answerer, systems, questions),
        absent=[name for name, find in systems.items() if not find],
        rightness=judge_answers(answerer, systems, settings),
        built=measure_build(settings, effort),
        served=measure_servers([ours, page, describe_plain(vectors)], asked, effort),
        disk=weigh(answerer.index.generation),
        reindexing=measure_reindexing(settings, scratch) if effort.whole else None,
    )


def main() -> None:
    """Everything in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="under a minute, and docs/performance.md stays as it is"
    )
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    settings, machine, began = Settings(), describe_machine(), time.monotonic()
    answerer = open_answerer(settings)
    with TemporaryDirectory() as scratch:
        measured = measure(answerer, settings, QUICK if options.quick else FULL, Path(scratch))
    content = f"{len(answerer.index.passages)} passages. {machine}\n\n{describe(measured)}"
    print(content)
    if not options.quick:
        write_page(content)
        draw(measured, ROOT / PICTURE)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    run(main)
