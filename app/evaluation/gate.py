"""Decides whether a new generation may be published: it must not answer worse than the one before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from app.evaluation.measures import MEASURES, Judgement, Measure, RunLine, count_questions, summarise

_ALLOWED = {
    "success@3": ("fell", 0.02, 2),
    "refused": ("fell", 0.05, 2),
    "urgent noticed": ("fell", 0.0, 0),
    "today noticed": ("fell", 0.02, 0),
    "wrongly refused": ("rose", 0.02, 2),
    "urgent shown as none": ("rose", 0.0, 0),
    "false alarms": ("rose", 0.02, 0),
    "false today": ("rose", 0.02, 0),
    "not verbatim": ("rose", 0.0, 0),
}
"""Which way each measure may not go, and how far it may all the same.

That is a share or, if it is a tenth of its questions at most, so many of them: in a larger corpus a few near
ties fall otherwise, but no urgency does.
"""
_TOLERANCE = 1e-9
_EXAMPLES = 3
"""Questions that an objection names at most."""
_PREVIEW = 60
"""Characters of a passage in an objection."""


def compare(before: Sequence[Judgement], after: Sequence[Judgement]) -> tuple[str, ...]:
    """Weigh the measures of the generation before against the new one's; gives the objections, in words.

    Only questions that both were asked count, and an objection names some of those behind it.
    """
    old, new = ({one.question.id: one for one in judged} for judged in (before, after))
    pairs = [(old[name], new[name]) for name in new if name in old]
    was, now = (summarise(judged) for judged in (list(zip(*pairs, strict=True)) or ((), ())))
    counts = count_questions([is_one for _, is_one in pairs])
    objections = []
    for name, (verb, share, few) in _ALLOWED.items():
        if not counts[name]:  # no question that it is taken over
            continue
        sign = 1 if verb == "rose" else -1
        margin = max(share, min(few, counts[name] // 10) / counts[name])
        if sign * (now[name] - was[name]) > margin + _TOLERANCE:
            measure: Measure = MEASURES.get(name) or (lambda _: None)
            worse = [
                f"“{is_one.question.question}”"
                for was_one, is_one in pairs
                if sign * ((measure(is_one) or 0) - (measure(was_one) or 0)) > 0
            ]
            examples = f", among others {', '.join(worse[:_EXAMPLES])}" if worse else ""
            objections.append(
                f"{name} {verb} from {was[name]:.3f} to {now[name]:.3f} (at most {margin:.3g} is allowed)"
                f"{examples}"
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
    return f"“{begin(text, _PREVIEW)}” ({slug})"


def begin(text: str, longest: int) -> str:
    """A text's first words on one line, for who looks for it in a list."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[:longest]}…"
