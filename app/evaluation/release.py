"""Between being built and being published, a generation is calibrated, measured and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.answering.answer import IndexAnswerer
from app.answering.confidence import CALIBRATION
from app.answering.opening import answer_from
from app.answering.urgency_vote import URGENCY_VOTE, UrgencyVote
from app.errors import GenerationError
from app.evaluation.calibration import Sample, fit, gather
from app.evaluation.gate import Verdict, compare, find_lost
from app.evaluation.measures import Judgement, summarise
from app.evaluation.questions import Question, read_questions
from app.evaluation.trial import ask_all
from app.evaluation.urgency_fit import describe_examples, fit_vote, read_examples
from app.index.build import annotate, find_versions
from app.index.generation import LAYOUT, Generation, hash_file
from app.index.model import Model
from app.settings import Settings

FITTED = ("dev.jsonl", "practice.jsonl")
"""The question files that confidence is fitted to."""
GATED = ("dev.jsonl", "urgent_practice.jsonl")
"""Those that the gate compares generations by."""
LEARNT = "level_practice.jsonl"
"""Questions of every level that the vote on urgency is fitted to, beside its sentences."""
REPORTED = ("heldout.jsonl", "urgent_blind.jsonl", "level_heldout.jsonl")
"""Those that nothing may be fitted to or chosen by: what readers are told is measured on them. The rules were
mended by `urgent_heldout.jsonl`, so it is not one of them (docs/evaluation.md)."""
PINNED = "pinned.jsonl"
"""Those whose first passage may not be lost."""

EVALUATION = "evaluation"
CROSS_VALIDATED = "cross-validated"
ACCEPTED = "accepted"
MADE_FROM = "made from"
"""Where in a manifest's extra ``fingerprint`` stands."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the questions said of a new generation and of the one before it."""

    after: Mapping[str, float]
    before: Mapping[str, float] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    """Questions whose first passage is another one now."""
    verdict: Verdict = field(default_factory=Verdict)


def fingerprint(settings: Settings) -> str:
    """SHA-256 of all that a generation hangs on: articles, questions, model, libraries and this package.

    A new build of the same would be the same generation with another time. Raises BuildError, OSError.
    """
    package, model = Path(__file__).parents[1], Model.load(settings.model)
    paths = [
        *settings.corpus_dir.glob("*.t[xo]*"),
        *settings.questions_dir.rglob("*.jsonl"),
        *(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"),
    ]
    lines = [f"{path.name} {hash_file(path)}" for path in sorted(paths)]
    lines += [f"{name} {version}" for name, version in find_versions().items()]
    lines += [model.name, model.weights_sha256, model.config_sha256, settings.precision]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def examine(
    folder: Path,
    settings: Settings,
    previous: Generation | None,
    *,
    created: str,
    accepted: str | None = None,
) -> Examination:
    """Calibrate and measure the unpublished generation in ``folder`` and write both into its manifest.

    Without questions enough to fit it, the calibration of the generation before goes on, if it is the same
    model's. Raises QuestionsError, GenerationError.
    """
    questions = {path.name: read_questions(path) for path in sorted(settings.questions_dir.glob("*.jsonl"))}
    learnt = [one for one in questions.get(LEARNT, ()) if one.language == "en"]
    held = {name: questions.get(name, ()) for name in FITTED}
    _calibrate(folder, settings, previous, held, learnt, created)
    if not questions:
        return Examination(after={})
    gated, pinned = _join(questions, GATED), _join(questions, (PINNED,))
    with _opened(Generation.open(folder), settings) as answerer:
        after, after_pinned = ask_all(answerer, gated), ask_all(answerer, pinned)
        reported = ask_all(answerer, _join(questions, REPORTED))
    before, before_pinned = _ask_previous(previous, settings, gated, pinned)
    verdict = compare(summarise(before), summarise(after), find_lost(before_pinned, after_pinned))
    examination = Examination(summarise(after), summarise(before), _find_moved(before, after), verdict)
    _record(folder, examination, reported, accepted)
    return examination


def _calibrate(
    folder: Path,
    settings: Settings,
    previous: Generation | None,
    questions: Mapping[str, tuple[Question, ...]],
    learnt: Sequence[Question],
    created: str,
) -> None:
    generation = Generation.open(folder)
    weights = generation.manifest.model.weights_sha256
    with _opened(generation, settings) as answerer:
        sample = gather(answerer, _join(questions, FITTED))
        vote = _find_vote(answerer, previous, learnt, sample, created)
    fitted = fit(sample, weights_sha256=weights, created=created)
    annotate(folder, extra={URGENCY_VOTE: vote.model_dump(), MADE_FROM: fingerprint(settings)})
    if fitted:
        figures = {name: fitted.summarise({one.id for one in held}) for name, held in questions.items()}
        annotate(folder, extra={CALIBRATION: fitted.calibration.model_dump(), CROSS_VALIDATED: figures})
    elif previous and previous.manifest.model.weights_sha256 == weights:
        kept = {CALIBRATION, CROSS_VALIDATED} & previous.manifest.extra.keys()
        annotate(folder, extra={name: previous.manifest.extra[name] for name in sorted(kept)})


def _find_vote(
    answerer: IndexAnswerer,
    previous: Generation | None,
    learnt: Sequence[Question],
    sample: Sample,
    created: str,
) -> UrgencyVote:
    """The vote of the generation before where it would come out the same: encoding takes seconds."""
    encoder, manifest = answerer.index.encoder, answerer.index.generation.manifest
    others, examples = (
        list(sample.vectors),
        {
            kind: [*texts, *(one.question for one in learnt if one.kind == kind)]
            for kind, texts in read_examples().items()
        },
    )
    fitted_to = describe_examples(manifest.files[LAYOUT.encoder].sha256, examples, others)
    stored = previous.manifest.extra.get(URGENCY_VOTE, {}) if previous else {}
    if stored.get("fitted_to") == fitted_to:
        return UrgencyVote.model_validate(stored)
    return fit_vote(
        lambda text: encoder.encode(text).vector,
        weights_sha256=manifest.model.weights_sha256,
        created=created,
        examples=examples,
        others=others,
        fitted_to=fitted_to,
    )


@contextmanager
def _opened(generation: Generation, settings: Settings) -> Iterator[IndexAnswerer]:
    """An answerer for the length of a block."""
    answerer = answer_from(generation, settings)
    try:
        yield answerer
    finally:
        answerer.close()


def _ask_previous(
    previous: Generation | None, settings: Settings, gated: tuple[Question, ...], pinned: tuple[Question, ...]
) -> tuple[list[Judgement], list[Judgement]]:
    """The same questions put to the generation before; nothing when it cannot be asked."""
    if previous is None:
        return [], []
    try:
        generation = Generation.open(previous.folder, previous.manifest_sha256)
        with _opened(generation, settings) as answerer:
            return ask_all(answerer, gated), ask_all(answerer, pinned)
    except GenerationError:
        return [], []


def _find_moved(before: list[Judgement], after: list[Judgement]) -> tuple[str, ...]:
    first = {one.question.id: one.reply.passages[:1] for one in before}
    return tuple(
        one.question.id
        for one in after
        if one.question.id in first and first[one.question.id] != one.reply.passages[:1]
    )


def _record(folder: Path, examination: Examination, reported: list[Judgement], accepted: str | None) -> None:
    figures = summarise(reported) if reported else dict(examination.after)
    extra: dict[str, object] = {EVALUATION: dict(examination.after)}
    if accepted and examination.verdict.reasons:
        extra[ACCEPTED] = {"reason": accepted, "objections": list(examination.verdict.reasons)}
    annotate(folder, figures={"questions": len(reported), **figures}, extra=extra)


def _join(questions: Mapping[str, tuple[Question, ...]], names: tuple[str, ...]) -> tuple[Question, ...]:
    return tuple(question for name in names for question in questions.get(name, ()))
