"""Between being built and being published, a generation is measured and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.answering.answer import IndexAnswerer
from app.answering.opening import answer_from
from app.errors import BuildError, GenerationError
from app.evaluation.findability import Findability
from app.evaluation.gate import compare, find_lost, find_moved, find_worse, pass_over
from app.evaluation.measures import Judgement, count_questions, summarise
from app.evaluation.questions import Question, read_questions
from app.evaluation.trial import ask_all
from app.index.build import LIBRARIES, annotate
from app.index.generation import Generation, hash_file
from app.index.model import Model
from app.settings import Settings

_GATED = ("dev.jsonl", "urgent_practice.jsonl")
"""Those that the gate compares generations by."""
_REPORTED = ("heldout.jsonl", "urgent_blind.jsonl", "level_heldout.jsonl")
"""Those that nothing may be fitted to or chosen by: what readers are told is measured on them. The rules were
mended by `urgent_heldout.jsonl`, so it is not one of them (docs/evaluation.md)."""
_PINNED = "pinned.jsonl"
"""Those whose first passage may not be lost."""
_EXAMINED = 300
"""New articles that are asked what their own headings ask; of more, so many in even steps."""

_EVALUATION = "evaluation"
_ACCEPTED = "accepted"
MADE_FROM = "made from"
"""Where in a manifest's extra ``fingerprint`` stands."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the questions said of a new generation and of the one before it."""

    after: Mapping[str, float]
    before: Mapping[str, float] = field(default_factory=dict)
    sets: Mapping[str, int] = field(default_factory=dict)
    """The question files that ``after`` was measured by, and how many questions of each were asked."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Over how many questions each measure was taken."""
    moved: tuple[str, ...] = ()
    """Questions whose first passage is another one now, in words."""
    articles: tuple[Findability, ...] = ()
    """New or changed articles, asked what their own headings ask."""
    objections: tuple[str, ...] = ()
    """The gate's, in words."""

    def enforce(self, accepted: str | None) -> None:
        """Raises BuildError when there are objections and nobody took them upon themselves."""
        if self.objections and not accepted:
            listed = "; ".join(self.objections)
            raise BuildError(f'Not published: {listed}. Publish all the same with --accept "reason".')


def fingerprint(settings: Settings) -> str:
    """SHA-256 of all that a generation hangs on: articles, questions, model, libraries and this package.

    A new build of the same would be the same generation with another time. Raises BuildError, OSError.
    """
    package, model = Path(__file__).parents[1], Model.load(settings.model)
    paths = [
        *settings.corpus_dir.glob("*.t[xo]*"),
        *settings.questions_dir.rglob("*.[jt]*"),
        *(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"),
    ]
    lines = [f"{path.name} {hash_file(path)}" for path in sorted(paths)]
    lines += [f"{name} {version}" for name, version in LIBRARIES.items()]
    lines += [model.name, model.weights_sha256, model.config_sha256, settings.precision]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def examine(
    folder: Path,
    settings: Settings,
    previous: Generation | None,
    *,
    accepted: str | None = None,
) -> Examination:
    """Measure the unpublished generation in ``folder`` and write what it gave into its manifest.

    Only questions whose label holds for the articles of both generations are compared, and passages of
    articles that the generation before did not have are passed over in it. Raises
    CorpusError, GenerationError.
    """
    questions = {path.name: read_questions(path) for path in sorted(settings.questions_dir.glob("*.jsonl"))}
    made_from = fingerprint(settings)  # as it was before the answers were measured, which takes a while
    gated, pinned = _join(questions, _GATED), _join(questions, (_PINNED,))
    before, before_pinned = _ask_previous(previous, settings, gated, pinned)
    with _opened(Generation.open(folder), settings) as answerer:
        after, after_pinned = ask_all(answerer, gated), ask_all(answerer, pinned)
        reported = ask_all(answerer, _join(questions, _REPORTED))
        articles = _examine_articles(answerer, previous)
        old_articles = {one.slug for one in previous.manifest.sources} if previous else set()
        new_articles = {one.slug for one in answerer.articles()} - old_articles
    objections: tuple[str, ...] = ()
    if before:
        both = {one.question.id for one in before} & {one.question.id for one in after}
        shared_before, shared_after = (
            [one for one in many if one.question.id in both]
            for many in (before, pass_over(after, new_articles))
        )
        worse = find_worse(shared_before, shared_after)
        objections = compare(summarise(shared_before), summarise(shared_after), worse)
    if previous:
        objections += tuple(filter(None, (article.object() for article in articles)))
    objections += find_lost(before_pinned, pass_over(after_pinned, new_articles))
    figures = summarise(after) if after else {}
    old = summarise(before) if before else {}
    examination = Examination(
        figures,
        old,
        _count_sets(questions, _GATED, after),
        count_questions(after),
        find_moved(before, after),
        articles,
        objections,
    )
    figures = {"questions": len(reported), **(summarise(reported) if reported else figures)}
    asked = {
        "sets": _count_sets(questions, _REPORTED if reported else _GATED, reported or after),
        "counts": count_questions(reported or after),
    }
    extra: dict[str, object] = {MADE_FROM: made_from, _EVALUATION: dict(examination.after)}
    if accepted and objections:
        extra[_ACCEPTED] = {"reason": accepted, "objections": list(objections)}
    annotate(folder, figures={**figures, "asked": asked}, extra=extra)
    return examination


def _examine_articles(answerer: IndexAnswerer, previous: Generation | None) -> tuple[Findability, ...]:
    """Each article that the generation before did not have, or had in other words."""
    known = {one.slug: one.sha256 for one in previous.manifest.sources} if previous else {}
    foreign = answerer.index.store.foreign()
    new = [
        one for one in answerer.articles() if known.get(one.slug) != one.sha256 and one.slug not in foreign
    ]
    examined = (Findability.of(answerer, one) for one in new[:: -(-len(new) // _EXAMINED) or 1])
    return tuple(one for one in examined if one.asked)


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


def _count_sets(
    questions: Mapping[str, tuple[Question, ...]], names: Sequence[str], judged: Sequence[Judgement]
) -> dict[str, int]:
    """Of each of these question files how many questions were judged."""
    asked = {one.question.id for one in judged}
    counts = {name: sum(one.id in asked for one in questions.get(name, ())) for name in names}
    return {name: count for name, count in counts.items() if count}


def _join(questions: Mapping[str, tuple[Question, ...]], names: tuple[str, ...]) -> tuple[Question, ...]:
    return tuple(question for name in names for question in questions.get(name, ()))
