#!/usr/bin/env python3
"""Measure Nightlight beside the plain way, interleaved on this machine, and write the README's table."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Sequence
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
from app.index.model import Model
from app.settings import Settings
from bench.figures import Spread, interleave, make_table, time_call
from bench.load import make_paths, pace, press
from bench.servers import Kind, Memory, describe_ours, describe_page, describe_plain, serve, weigh_workers
from bench.stages import measure_stages

BEGIN, END = "<!-- measured by scripts/benchmark.py -->", "<!-- end of what was measured -->"
CONNECTIONS = (1, 4, 16)
WARM_CONNECTIONS = 4
README = ROOT / "README.md"


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


FULL, QUICK = (
    Effort(rounds=6, starts=3, seconds=5.0, encodings=3),
    Effort(rounds=1, starts=1, seconds=1.0, encodings=1),
)


@dataclass(frozen=True, slots=True)
class Served:
    """What one kind of server was measured at."""

    starts: list[float]
    memory: Memory
    rates: dict[int, tuple[float, Spread]]
    paced: Spread
    """At half of what it can take."""

    @property
    def capacity(self) -> float:
        """Requests a second, at best."""
        return max(rate for rate, _ in self.rates.values())


def read_questions(settings: Settings) -> list[str]:
    """The development questions."""
    lines = (settings.questions_dir / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def measure_process(answerer: IndexAnswerer, questions: Sequence[str]) -> tuple[dict[str, Spread], str]:
    """A question in this process: our stages, and us beside the plain way."""
    import plain

    for question in questions[:10]:
        plain.find(question), answerer.answer(question)
    beside = interleave({"plain": plain.find, "ours": answerer.answer}, questions)
    stages = measure_stages(answerer, questions)
    rows = [(name, *_round(spread)) for name, spread in stages.items()]
    rows.append(("the plain way's encode and search", *_round(beside["plain"])))
    table = make_table(("a question in process, ms", "p50", "p95", "p99"), rows)
    return {**stages, **beside}, table


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


def compare(served: dict[str, Served]) -> str:
    """The servers' table."""
    ours, page, plain = (served[name] for name in ("Nightlight", "Nightlight's page", "plain"))
    rows: list[tuple[object, ...]] = [
        ("start to first answer, s", *(f"{median(s.starts):.2f}" for s in (ours, page, plain))),
        ("resident memory of a worker, MB", *(f"{s.memory.resident:.0f}" for s in (ours, page, plain))),
        ("of that shared with no other, MB", *(f"{s.memory.own:.0f}" for s in (ours, page, plain))),
    ]
    for connections in CONNECTIONS:
        pairs = [s.rates[connections] for s in (ours, page, plain)]
        name = f"{connections} connection{'s' * (connections > 1)}"
        rows.append((f"requests a second, {name}", *(f"{rate:.0f}" for rate, _ in pairs)))
        rows.append((f"ms at {name}: p50 (p95, p99)", *(str(spread) for _, spread in pairs)))
    rows.append(("ms at half of capacity, open loop", *(str(s.paced) for s in (ours, page, plain))))
    return make_table(("over HTTP, two workers", "Nightlight, JSON", "its page", "the plain way"), rows)


def summarise(figures: dict[str, Spread], served: dict[str, Served], built: dict[str, float]) -> str:
    """What the targets are about, as ratios of the same run."""
    ours, plain = served["Nightlight"], served["plain"]
    encoding = figures["encode"].p50 / figures["ONNX Runtime alone"].p50
    lines = (
        f"A question in process takes {figures['ours'].p50:.2f} ms with everything on, the plain way's "
        f"encode and search {figures['plain'].p50 / figures['ours'].p50:.1f} times that.",
        f"Encoding takes {encoding:.2f} times what ONNX Runtime alone takes on the same tokens.",
        f"Over HTTP {ours.capacity / plain.capacity:.1f} times the plain way's requests a second; p99 at "
        f"half of capacity is {ours.paced.p99 / ours.paced.p50:.1f} times p50.",
        f"Ready {median(plain.starts) / median(ours.starts):.1f} times sooner; a worker takes "
        f"{ours.memory.resident / plain.memory.resident:.2f} of the memory.",
        f"Building encodes {built['ours']:.0f} passages a second, token vectors included, `encode` on the "
        f"same texts in their order {built['plain']:.0f}.",
    )
    return "\n".join(f"- {line}" for line in lines)


def describe_machine() -> str:
    """What it was measured on, and what else the machine was doing."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    cpu = names[0].partition(": ")[2] if names else platform.machine()
    load = os.getloadavg()[0]
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load:.1f}."


def write_readme(content: str) -> None:
    """Replace what was measured before."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n\n{content}\n\n{END}{after}", encoding="utf-8")


def _round(spread: Spread) -> tuple[str, str, str]:
    return f"{spread.p50:.2f}", f"{spread.p95:.2f}", f"{spread.p99:.2f}"


def main() -> None:
    """Everything in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, and the README stays as it is")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    logging.disable(logging.WARNING)
    settings, machine, began = Settings(), describe_machine(), time.monotonic()
    questions = read_questions(settings)
    with TemporaryDirectory() as scratch:
        vectors = Path(scratch) / "plain.npy"
        os.environ["PLAIN_VECTORS"] = str(vectors)
        answerer = open_answerer(settings)
        figures, stages = measure_process(answerer, questions * effort.rounds)
        built = measure_build(settings, effort)
        ours, page = describe_ours(settings.index_dir), describe_page(settings.index_dir)
        plain = describe_plain(vectors)
        served = measure_servers([ours, page, plain], questions, effort)
    passages = f"{len(answerer.index.passages)} passages. {machine}"
    content = "\n\n".join((passages, summarise(figures, served, built), stages, compare(served)))
    print(content)
    if not options.quick:
        write_readme(content)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    run(main)
