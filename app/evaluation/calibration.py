"""Learns confidence once for a model, on sample corpora of many sizes and on the articles' own questions.

In a sample corpus it is known what is answerable: what one of its passages was judged to answer. A question
whose article was left out mostly is not, though its neighbours are there, and neither are most misses. What
was learned is measured on articles and questions that no fit has seen. scikit-learn belongs to this and to
no build or server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.confidence import (
    COHORT_OFFSETS,
    COHORT_TOKENS,
    COHORT_VECTORS,
    EXTREME,
    Calibration,
    Cohort,
)
from app.corpus.catalog import read_corpus
from app.evaluation.measures import measure_auroc
from app.evaluation.questions import Gold, Question
from app.evaluation.worlds import Material, Part, sample_worlds, write_corpus
from app.index.build import build_generation
from app.index.model import Model
from app.index.opened import Index
from app.index.publish import CURRENT, building, open_generation, open_previous, publish
from app.index.tokens import write_tokens
from app.settings import Settings

_COHORT = 50
"""Articles that the cohort is made of; half as many are as good to 0.01 of AUROC, a quarter to 0.02."""
FITTED_WORLDS: Mapping[int, int] = {5: 16, 15: 8, 45: 6, 100: 4}
"""How many sample corpora of each size confidence is fitted to."""
MEASURED_WORLDS: Mapping[int, int] = {5: 12, 45: 5, 150: 3}
"""The same for what is told of it."""
_ASKED = 150
"""Questions of each kind that a sample corpus is asked at most."""
_OWN_SHARE = 0.4
"""What the published articles' own questions count beside all sample corpora."""

_UNITS = 16
_PENALTY = 30.0
_STEPS = 300
_SEED = 0

_WRONG_REFUSAL = 4.0
"""What refusing a question that is answered costs, in answers to questions that are not."""
_WRONG_SILENCE = 20.0
"""What giving it nothing at all costs, not even the nearest passages."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The questions of one corpus, as confidence sees them."""

    size: int
    """Articles of the corpus."""
    kinds: NDArray[np.str_]
    """Of each question: "answerable", "absent", "miss" or, where nothing more is known, "unanswerable"."""
    features: NDArray[np.float64]
    """float64[n, f]."""


def split_cohort(materials: Sequence[Material]) -> tuple[tuple[Material, ...], tuple[Material, ...]]:
    """Those that the cohort is made of, and the others, which alone sample corpora may hold."""
    train = [material for material in materials if material.part == "train"]
    cohort = train[:: len(train) // _COHORT][:_COHORT]
    return tuple(cohort), tuple(material for material in materials if material not in cohort)


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
    kinds = [_name_kind(question) for question in kept]
    return Sample(size, np.array(kinds), np.array(features))


def gather_worlds(
    materials: Sequence[Material],
    part: Part,
    counts: Mapping[int, int],
    *,
    judged: Mapping[str, tuple[Gold, ...]],
    folder: Path,
    cohort: Path,
    settings: Settings,
    base: Path,
) -> Iterator[Sample]:
    """The questions of sample corpora that ask about articles of ``part``, so many of each size."""
    for size, count in counts.items():
        for number, world in enumerate(sample_worlds(materials, part, size, count, seed=_SEED)):
            name = folder / f"{part}-{size}-{number}"
            index = build_world((*world.asked, *world.filler), name, settings, base)
            try:
                yield gather(index, cohort, _choose(world.questions(judged)), size)
            finally:
                index.close()


def fit(samples: Sequence[Sample], own: Sample, *, weights_sha256: str, created: str) -> Calibration:
    """Learn it from the questions of sample corpora and the published articles' ``own``.

    Every size counts the same and, in each, answerable questions as much as the others together, so that a
    probability holds where one question in two is answered.
    """
    from sklearn.neural_network import MLPClassifier

    features = np.concatenate([sample.features for sample in (*samples, own)])
    answerable = np.concatenate([sample.kinds == "answerable" for sample in (*samples, own)])
    counts = Counter(sample.size for sample in samples)
    weights = [_weigh(sample) * (1 - _OWN_SHARE) / counts[sample.size] for sample in samples]
    weights.append(_weigh(own) * _OWN_SHARE * len(counts))
    weight = np.concatenate(weights)
    means, scales = features.mean(axis=0), features.std(axis=0)
    network = MLPClassifier(
        (_UNITS,), activation="tanh", solver="lbfgs", alpha=_PENALTY, max_iter=_STEPS, random_state=_SEED
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
        answered=1 / (1 + _WRONG_REFUSAL),
        closest=1 / (1 + _WRONG_SILENCE),
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


def _name_kind(question: Question) -> str:
    prefix = question.id.split("/")[0]
    return prefix if question.kind == "unanswerable" and prefix in ("absent", "miss") else question.kind


def _choose(asked: Iterable[Question]) -> Iterator[Question]:
    """At most _ASKED of each kind, evenly over articles and manners of asking."""
    kinds: dict[str, list[Question]] = {}
    for question in asked:
        kinds.setdefault(_name_kind(question), []).append(question)
    generator = np.random.default_rng(_SEED)
    for questions in kinds.values():
        for place in generator.permutation(len(questions))[:_ASKED]:
            yield questions[place]


def _weigh(sample: Sample) -> NDArray[np.float64]:
    """What each question counts: answerable ones half of all, the other kinds the same share of the rest."""
    others = set(sample.kinds) - {"answerable"}
    share = {"answerable": 0.5, **{str(kind): 0.5 / len(others) for kind in others}}
    return np.array([share[str(kind)] / (sample.kinds == kind).sum() for kind in sample.kinds])
