#!/usr/bin/env python3
"""Learn confidence for the model on sample corpora, and measure it on articles that no fit has seen.

In a sample corpus it is known what is answerable: what one of its passages was judged to answer. A question
whose article was left out mostly is not, though its neighbours are there, and neither are most misses.
To be run again when the encoder or the ranking changes; it takes a few minutes, most of them for encoding.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from console import run

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from app.answering.answer import IndexAnswerer
from app.answering.confidence import (
    COHORT_OFFSETS,
    COHORT_TOKENS,
    COHORT_VECTORS,
    EXTREME,
    FEATURES,
    FITTED,
    FOLDER_NAME,
    FOLDERS,
    Calibration,
    Cohort,
)
from app.corpus.catalog import read_corpus
from app.evaluation.measures import measure_auroc
from app.evaluation.questions import Question, read_questions
from app.evaluation.worlds import (
    ARTICLES,
    JUDGED,
    Material,
    Part,
    read_judged,
    read_material,
    sample_worlds,
    write_corpus,
)
from app.index.build import build_generation
from app.index.model import Model
from app.index.opened import Index
from app.index.publish import CURRENT, building, open_generation, open_previous, publish
from app.index.tokens import write_tokens
from app.settings import Settings

OWN, HELD_OUT = ("dev.jsonl", "practice.jsonl"), ("heldout.jsonl",)
COHORT = 50
"""Articles that the cohort is made of; half as many are as good to 0.01 of AUROC, a quarter to 0.02."""
FITTED_WORLDS: tuple[Part, Mapping[int, int]] = ("validation", {5: 16, 15: 8, 45: 6, 100: 4})
"""The part that is fitted to, and how many sample corpora of each size ask about it."""
MEASURED_WORLDS: tuple[Part, Mapping[int, int]] = ("test", {5: 12, 45: 5, 150: 3})
"""The same for what is told of it."""
ASKED = 150
"""Questions of each kind that a sample corpus is asked at most."""
OWN_SHARE = 0.4
"""What the published articles' own questions count beside all sample corpora."""

UNITS = 16
PENALTY = 30.0
STEPS = 300
SEED = 0

WRONG_REFUSAL = 4.0
"""What refusing a question that is answered costs, in answers to questions that are not."""
WRONG_SILENCE = 20.0
"""What giving it nothing at all costs, not even the nearest passages."""
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


@dataclass(frozen=True, slots=True)
class Sample:
    """The questions of one corpus, as confidence sees them."""

    size: int
    """Articles of the corpus."""
    kinds: NDArray[np.str_]
    """Of each question: "answerable", "absent", "miss" or, where nothing more is known, "unanswerable"."""
    features: NDArray[np.float64]
    """float64[n, f]."""


def observe(settings: Settings, folder: Path, cohort: Path) -> dict[str, list[Sample]]:
    """What is fitted, what is measured, and both for the published articles."""
    worlds = settings.questions_dir / "worlds"
    everything = read_material(worlds / ARTICLES)
    judged = read_judged(worlds / JUDGED, everything)
    train = [material for material in everything if material.part == "train"]
    compared = train[:: len(train) // COHORT][:COHORT]
    others = [material for material in everything if material not in compared]
    base = folder / "all"
    build_world(everything, base, settings, base).close()
    with closing(build_world(compared, folder / "cohort", settings, base)) as index:
        write_cohort(index, cohort)
    found: dict[str, list[Sample]] = {"fitted": [], "measured": []}
    for name, (part, counts) in (("fitted", FITTED_WORLDS), ("measured", MEASURED_WORLDS)):
        for size, count in counts.items():
            for number, world in enumerate(sample_worlds(others, part, size, count, seed=SEED)):
                place = folder / f"{part}-{size}-{number}"
                with closing(build_world((*world.asked, *world.filler), place, settings, base)) as index:
                    found[name].append(gather(index, cohort, choose(world.questions(judged)), size))
    with closing(build_index(settings.corpus_dir, folder / "own", settings, base)) as own:
        texts = {article.slug: article.text for article in own.store.articles()}
        for name, files in (("own", OWN), ("own, held out", HELD_OUT)):
            asked = [one for file in files for one in read_questions(settings.questions_dir / file)]
            found[name] = [gather(own, cohort, [one for one in asked if one.holds_for(texts)], len(texts))]
    return found


def build_index(corpus: Path, folder: Path, settings: Settings, base: Path) -> Index:
    """An index of a corpus in ``folder``; texts that the one in ``base`` holds are not encoded again.

    One that is there already is opened as it is.
    """
    if (folder / CURRENT).exists():
        return Index(open_generation(folder))
    with building(folder) as built:
        previous = open_previous(base)
        build_generation(
            read_corpus(corpus),
            built,
            Model.load(settings.model),
            precision=settings.precision,
            previous=previous,
        )
        for one in previous:
            one.close()
        publish(folder, built)
    return Index(open_generation(folder))


def build_world(materials: Iterable[Material], folder: Path, settings: Settings, base: Path) -> Index:
    """The same of these articles."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    write_corpus(corpus, materials)
    return build_index(corpus, folder, settings, base)


def write_cohort(index: Index, folder: Path) -> None:
    """The passages of an index as `Cohort` reads them."""
    rows = np.arange(len(index.passages))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COHORT_VECTORS).write_bytes(index.passages.vectors(rows).astype("<f2").tobytes())
    with write_tokens(folder / COHORT_TOKENS, folder / COHORT_OFFSETS) as write:
        for row in rows.tolist():
            write(index.tokens.stored(row))


def gather(index: Index, cohort: Path, questions: Iterable[Question], size: int) -> Sample:
    """What confidence sees of each of these questions; emergencies are none of its business."""
    answerer, compared = IndexAnswerer(index), Cohort(cohort, index)
    kept = [question for question in questions if question.kind in ("answerable", "unanswerable")]
    features = [compared.features_of(answerer.rank(question.question)) for question in kept]
    kinds = [name_kind(question) for question in kept]
    return Sample(size, np.array(kinds), np.array(features))


def name_kind(question: Question) -> str:
    """The `Sample`'s kind of a question, which a sample corpus says in its id."""
    prefix = question.id.split("/")[0]
    return prefix if question.kind == "unanswerable" and prefix in ("absent", "miss") else question.kind


def choose(asked: Iterable[Question]) -> Iterator[Question]:
    """At most ASKED of each kind, evenly over articles and manners of asking."""
    kinds: dict[str, list[Question]] = {}
    for question in asked:
        kinds.setdefault(name_kind(question), []).append(question)
    generator = np.random.default_rng(SEED)
    for questions in kinds.values():
        for place in generator.permutation(len(questions))[:ASKED]:
            yield questions[place]


def weigh(sample: Sample) -> NDArray[np.float64]:
    """What each question counts: answerable ones half of all, the other kinds the same share of the rest."""
    others = set(sample.kinds) - {"answerable"}
    share = {"answerable": 0.5, **{str(kind): 0.5 / len(others) for kind in others}}
    return np.array([share[str(kind)] / (sample.kinds == kind).sum() for kind in sample.kinds])


def fit(samples: Sequence[Sample], own: Sample, *, weights_sha256: str, created: str) -> Calibration:
    """Learn it from the questions of sample corpora and the published articles' ``own``.

    Every size counts the same and, in each, answerable questions as much as the others together, so that a
    probability holds where one question in two is answered.
    """
    features = np.concatenate([sample.features for sample in (*samples, own)])
    answerable = np.concatenate([sample.kinds == "answerable" for sample in (*samples, own)])
    counts = Counter(sample.size for sample in samples)
    weights = [weigh(sample) * (1 - OWN_SHARE) / counts[sample.size] for sample in samples]
    weights.append(weigh(own) * OWN_SHARE * len(counts))
    weight = np.concatenate(weights)
    means, scales = features.mean(axis=0), features.std(axis=0)
    network = MLPClassifier(
        (UNITS,), activation="tanh", solver="lbfgs", alpha=PENALTY, max_iter=STEPS, random_state=SEED
    )
    values = ((features - means) / scales).clip(-EXTREME, EXTREME)
    network.fit(values, answerable, sample_weight=weight * len(weight) / weight.sum())
    return Calibration(
        weights_sha256=weights_sha256,
        means=means.tolist(),
        scales=scales.tolist(),
        hidden=network.coefs_[0].tolist(),
        hidden_intercepts=network.intercepts_[0].tolist(),
        outer=network.coefs_[1][:, 0].tolist(),
        outer_intercept=float(network.intercepts_[1][0]),
        answered=1 / (1 + WRONG_REFUSAL),
        closest=1 / (1 + WRONG_SILENCE),
        questions={"answerable": int(answerable.sum()), "unanswerable": int((~answerable).sum())},
        created=created,
    )


def measure(calibration: Calibration, samples: Sequence[Sample]) -> dict[str, float]:
    """How well it tells the questions of these apart, and what the threshold gives."""
    features = np.concatenate([sample.features for sample in samples])
    kinds = np.concatenate([sample.kinds for sample in samples])
    confidences = calibration.estimate(features)
    answerable = kinds == "answerable"
    figures = {"AUROC": measure_auroc(confidences, answerable)}
    for kind in sorted(set(kinds[~answerable])):
        part = answerable | (kinds == kind)
        figures[f"AUROC, {kind}"] = measure_auroc(confidences[part], answerable[part])
    figures["wrongly refused"] = float((confidences[answerable] < calibration.answered).mean())
    for kind in sorted(set(kinds[~answerable])):
        figures[f"refused, {kind}"] = float((confidences[kinds == kind] < calibration.answered).mean())
    return figures


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
    for size in sorted({sample.size for sample in samples["measured"]}):
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
