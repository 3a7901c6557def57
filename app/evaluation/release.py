"""Between being built and being published, a generation is measured and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.answering.opening import answer_from
from app.errors import BuildError, GenerationError
from app.evaluation.findability import Findability
from app.evaluation.gate import compare, find_lost, find_moved, pass_over
from app.evaluation.measures import Judgement, ask_all, count_questions, summarise
from app.evaluation.questions import Question, read_questions
from app.index.build import annotate, read_versions
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

    def name_sets(self) -> str:
        """Which questions the measures are of."""
        sets = ", ".join(f"{count} questions of {name}" for name, count in self.sets.items())
        return f"Answers to {sets}."

    def list_measures(self) -> list[tuple[str, str, str, int]]:
        """Each measure's name, its value before and after, and over how many questions it is taken."""
        return [
            (
                name,
                f"{self.before[name]:.3f}" if name in self.before else "-",
                f"{value:.3f}",
                self.counts.get(name, 0),
            )
            for name, value in self.after.items()
        ]

    def render_text(self) -> str:
        """The measures before and after, side by side, and what the gate says of them."""
        lines = ["No questions to measure the answers by."]
        if self.after:
            rows = [("", "before", "after", "questions"), *self.list_measures()]
            lines = [self.name_sets(), *(f"{row[0]:24} {row[1]:>8} {row[2]:>8} {row[3]:>9}" for row in rows)]
        lines += [f"Another first passage: {moved}" for moved in self.moved]
        lines += [f"New: {article.describe()}" for article in self.articles]
        return "\n".join([*lines, *(f"The gate objects: {reason}" for reason in self.objections)])


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
    lines += [f"{name} {version}" for name, version in read_versions().items()]
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
    sets = {path.name: read_questions(path) for path in sorted(settings.questions_dir.glob("*.jsonl"))}
    made_from = fingerprint(settings)  # as it was before the answers were measured, which takes a while
    gated, reported, pinned = (
        [question for name in names for question in sets.get(name, ())]
        for names in (_GATED, _REPORTED, (_PINNED,))
    )
    before: list[Judgement] = []
    before_pinned: list[Judgement] = []
    if previous:
        # The generation before is not compared where it cannot be asked.
        with (
            suppress(GenerationError),
            closing(answer_from(Generation.open(previous.folder, previous.manifest_sha256), settings)) as old,
        ):
            before, before_pinned = ask_all(old, gated), ask_all(old, pinned)
    known = {one.slug: one.sha256 for one in previous.manifest.sources} if previous else {}
    with closing(answer_from(Generation.open(folder), settings)) as answerer:
        after, after_pinned, told = (ask_all(answerer, some) for some in (gated, pinned, reported))
        articles, foreign = answerer.articles(), answerer.index.store.foreign()
        # Each article that the generation before did not have, or had in other words.
        fresh = [one for one in articles if known.get(one.slug) != one.sha256 and one.slug not in foreign]
        chosen = fresh[:: -(-len(fresh) // _EXAMINED) or 1]
        examined = tuple(found for one in chosen if (found := Findability.of(answerer, one)).asked)
    new = {one.slug for one in articles} - known.keys()
    objections = compare(before, pass_over(after, new))
    if previous:
        objections += tuple(filter(None, (article.object() for article in examined)))
    objections += find_lost(before_pinned, pass_over(after_pinned, new))
    examination = Examination(
        after=summarise(after) if after else {},
        before=summarise(before) if before else {},
        sets=_count_sets(sets, _GATED, after),
        counts=count_questions(after),
        moved=find_moved(before, after),
        articles=examined,
        objections=objections,
    )
    asked = {
        "sets": _count_sets(sets, _REPORTED, told) if told else examination.sets,
        "counts": count_questions(told or after),
    }
    figures = {"questions": len(told), **(summarise(told) if told else examination.after), "asked": asked}
    extra: dict[str, object] = {MADE_FROM: made_from, _EVALUATION: dict(examination.after)}
    if accepted and objections:
        extra[_ACCEPTED] = {"reason": accepted, "objections": list(objections)}
    annotate(folder, figures=figures, extra=extra)
    return examination


def _count_sets(
    sets: Mapping[str, Sequence[Question]], names: Sequence[str], judged: Sequence[Judgement]
) -> dict[str, int]:
    """Of each of these question files how many questions were judged."""
    asked = {one.question.id for one in judged}
    counts = {name: sum(one.id in asked for one in sets.get(name, ())) for name in names}
    return {name: count for name, count in counts.items() if count}
