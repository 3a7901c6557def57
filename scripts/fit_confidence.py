#!/usr/bin/env python3
"""Learn confidence for the model on sample corpora, and measure it on articles that no fit has seen.

To be run again when the encoder or the ranking changes; it takes a few minutes, most of them for encoding.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from console import run

import numpy as np

from app.answering.confidence import FEATURES, FITTED, FOLDER_NAME, FOLDERS, Calibration
from app.evaluation.calibration import (
    FITTED_WORLDS,
    MEASURED_WORLDS,
    Sample,
    build_index,
    build_world,
    fit,
    gather,
    gather_worlds,
    measure,
    split_cohort,
    write_cohort,
)
from app.evaluation.questions import read_questions
from app.evaluation.worlds import ARTICLES, JUDGED, Part, read_judged, read_material
from app.index.model import Model
from app.settings import Settings

OWN, HELD_OUT = ("dev.jsonl", "practice.jsonl"), ("heldout.jsonl",)
GROUPS: Mapping[str, Sequence[str]] = {
    "similarity": ("late interaction", "passage", "best sentence"),
    "words": ("words", "familiar words", "shared words"),
    "tokens": ("covered tokens", "strangest tokens"),
    "the question's length": ("content words", "tokens"),
    "the cohort": (
        "above the cohort's best",
        "above the cohort's mean",
        "passage above the cohort's",
        "density, near",
        "density, nearer",
        "strange to the cohort",
    ),
    "the corpus's size": ("passages",),
}
"""What the ablation leaves out, in turn."""


def observe(settings: Settings, folder: Path, cohort: Path) -> dict[str, list[Sample]]:
    """What is fitted, what is measured, and both for the published articles."""
    worlds = settings.questions_dir / "worlds"
    everything = read_material(worlds / ARTICLES)
    judged = read_judged(worlds / JUDGED, everything)
    compared, materials = split_cohort(everything)
    base = folder / "all"
    build_world(everything, base, settings, base).close()
    index = build_world(compared, folder / "cohort", settings, base)
    write_cohort(index, cohort)
    index.close()

    def ask(part: Part, counts: Mapping[int, int]) -> list[Sample]:
        found = gather_worlds(
            materials,
            part,
            counts,
            judged=judged,
            folder=folder,
            cohort=cohort,
            settings=settings,
            base=base,
        )
        return list(found)

    own = build_index(settings.corpus_dir, folder / "own", settings, base)
    texts = {article.slug: article.text for article in own.store.articles()}

    def ask_own(names: Sequence[str]) -> list[Sample]:
        files = [read_questions(settings.questions_dir / name) for name in names]
        questions = [one for file in files for one in file if one.holds_for(texts)]
        return [gather(own, cohort, questions, len(texts))]

    found = {
        "fitted": ask("validation", FITTED_WORLDS),
        "measured": ask("test", MEASURED_WORLDS),
        "own": ask_own(OWN),
        "own, held out": ask_own(HELD_OUT),
    }
    own.close()
    return found


def save(path: Path, samples: Mapping[str, Sequence[Sample]]) -> None:
    """What was observed, so that fitting alone can be repeated."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, many in samples.items():
        for number, one in enumerate(many):
            arrays[f"{name}|{number}|{one.size}|kinds"] = one.kinds
            arrays[f"{name}|{number}|{one.size}|features"] = one.features
    np.savez(path, allow_pickle=False, **arrays)


def load(path: Path) -> dict[str, list[Sample]]:
    """What ``save`` wrote."""
    samples: dict[str, list[Sample]] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for key in arrays:
            name, number, size, what = key.split("|")
            if what == "kinds":
                features = arrays[f"{name}|{number}|{size}|features"]
                samples.setdefault(name, []).append(Sample(int(size), arrays[key], features))
    return samples


def leave_out(samples: Sequence[Sample], names: Sequence[str]) -> list[Sample]:
    """The same without some features."""
    kept = [place for place, name in enumerate(FEATURES) if name not in names]
    return [replace(sample, features=sample.features[:, kept]) for sample in samples]


def list_figures(calibration: Calibration, samples: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
    """A line for each size of the sample corpora, and for the questions of the published articles."""
    for size in MEASURED_WORLDS:
        worlds = [sample for sample in samples["measured"] if sample.size == size]
        yield f"{size:4} articles    {show(measure(calibration, worlds))}"
    yield f"own, held out    {show(measure(calibration, samples['own, held out']))}"


def show(figures: Mapping[str, float]) -> str:
    """In one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in figures.items())


def main() -> None:
    """Observe, fit, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is encoded and observed there")
    parser.add_argument("--observed", action="store_true", help="fit again to what was observed in --keep")
    parser.add_argument("--ablate", action="store_true", help="measure without each group of features, too")
    options = parser.parse_args()
    settings = Settings()
    weights = Model.load(settings.model).weights_sha256
    target = FOLDERS / weights[:FOLDER_NAME]
    folder = (options.keep or Path(mkdtemp(prefix="nightlight-"))) / weights[:FOLDER_NAME]
    try:
        if options.observed:
            samples = load(folder / "observed.npz")
        else:
            samples = observe(settings, folder, target)
            save(folder / "observed.npz", samples)
    finally:
        if not options.keep:
            shutil.rmtree(folder.parent)
    created = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    (own,) = samples["own"]
    calibration = fit(samples["fitted"], own, weights_sha256=weights, created=created)
    (target / FITTED).write_text(calibration.model_dump_json() + "\n", "utf-8")
    print("\n".join(list_figures(calibration, samples)))
    for name, group in GROUPS.items() if options.ablate else ():
        part = {kind: leave_out(many, group) for kind, many in samples.items()}
        without = fit(part["fitted"], part["own"][0], weights_sha256=weights, created=created)
        print(f"\nwithout {name}", *list_figures(without, part), sep="\n")


if __name__ == "__main__":
    run(main)
