"""Decides whether a new generation may be published: it must not answer worse than the one before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from app.evaluation.measures import MEASURES, Judgement, RunLine

_MARGINS = {"success@3": 0.02, "refused": 0.05, "urgent noticed": 0.0, "today noticed": 0.02}
"""By how much each of these may fall."""
_MAX_RISE = {
    "wrongly refused": 0.02,
    "urgent shown as none": 0.0,
    "false alarms": 0.02,
    "false today": 0.02,
    "not verbatim": 0.0,
}
"""By how much each of these may rise."""

_TOLERANCE = 1e-9
_EXAMPLES = 3
"""Questions that an objection names at most."""
_PREVIEW = 60
"""Characters of a passage in an objection."""


def compare(
    before: Mapping[str, float], after: Mapping[str, float], worse: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, ...]:
    """Weigh the measures of the generation before against the new one's; gives the objections, in words.

    ``worse`` has the questions behind a measure, in words.
    """
    moves = [(name, "fell", -1, margin) for name, margin in _MARGINS.items()]
    moves += [(name, "rose", 1, margin) for name, margin in _MAX_RISE.items()]
    objections = []
    for name, verb, sign, margin in moves:
        if name in before and name in after and sign * (after[name] - before[name]) > margin + _TOLERANCE:
            examples = (worse or {}).get(name, ())[:_EXAMPLES]
            shown = f", among others {', '.join(f'“{one}”' for one in examples)}" if examples else ""
            objections.append(
                f"{name} {verb} from {before[name]:.3f} to {after[name]:.3f} (at most {margin:g} is allowed)"
                f"{shown}"
            )
    return tuple(objections)


def pass_over(judged: Sequence[Judgement], articles: Collection[str]) -> list[Judgement]:
    """The same, as if these articles' passages took no place where no label says that they answer.

    Labels were judged before there were these articles, whose passages may answer as well: what was not
    judged counts neither way (condensed lists, Sakai 2007). One that all five places went to has still lost.
    """
    return [
        replace(
            one,
            grades=tuple(
                grade
                for grade, (article, _) in zip(one.grades, one.reply.passages, strict=True)
                if grade or article not in articles
            ),
        )
        for one in judged
    ]


def find_worse(before: Sequence[Judgement], after: Sequence[Judgement]) -> dict[str, list[str]]:
    """For each measure that the gate weighs the questions that it went down by, as they were asked."""
    old = {one.question.id: one for one in before}
    return {
        measure.name: [
            one.question.question
            for one in after
            if one.question.id in old
            and measure.applies(one)
            and (measure.value(one) - measure.value(old[one.question.id])) * (1 if rising else -1) > 0
        ]
        for measure in MEASURES
        if (rising := measure.name in _MAX_RISE) or measure.name in _MARGINS
    }


def find_moved(before: Sequence[Judgement], after: Sequence[Judgement]) -> tuple[str, ...]:
    """Each question whose first passage is another one now: the question, and both passages' first words."""
    old = {one.question.id: one.reply for one in before}
    return tuple(
        f"“{one.question.question}”: {_preview(one.reply)} instead of {_preview(old[one.question.id])}"
        for one in after
        if one.question.id in old and old[one.question.id].passages[:1] != one.reply.passages[:1]
    )


def find_lost(before: Sequence[Judgement], after: Sequence[Judgement]) -> tuple[str, ...]:
    """Each pinned question whose first passage answered before and does not now, as an objection."""
    now = {one.question.id: one for one in after}
    return tuple(
        f"the pinned question “{one.question.question}” lost its passage: {_preview(one.reply)}, now "
        + (_preview(now[one.question.id].reply) if one.question.id in now else "in no article")
        for one in before
        if one.first_good_rank() == 1
        and (one.question.id not in now or now[one.question.id].first_good_rank() != 1)
    )


def _preview(reply: RunLine) -> str:
    if not reply.passages:
        return "nothing"
    slug, text = reply.passages[0]
    words = " ".join(text.split())
    return f"“{words if len(words) <= _PREVIEW else words[:_PREVIEW] + '…'}” ({slug})"
