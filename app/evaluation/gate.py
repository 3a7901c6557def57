"""Decides whether a new generation may be published: it must not answer worse than the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import GateRefused
from app.evaluation.measures import Judgement

MARGINS = {"success@3": 0.02, "refused": 0.05, "urgent noticed": 0.0, "today noticed": 0.02}
"""By how much each of these may fall."""
MAX_RISE = {
    "wrongly refused": 0.02,
    "urgent shown as none": 0.0,
    "false alarms": 0.02,
    "false today": 0.02,
    "not verbatim": 0.0,
}
"""By how much each of these may rise."""

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found; no reasons, no objection."""

    reasons: tuple[str, ...] = ()

    def enforce(self, accepted: str | None) -> None:
        """Raises GateRefused when there are reasons and nobody took them upon themselves."""
        if self.reasons and not accepted:
            raise GateRefused(
                "Not published: " + "; ".join(self.reasons) + '. Publish all the same with --accept "reason".'
            )


def compare(before: Mapping[str, float], after: Mapping[str, float], lost: Sequence[str] = ()) -> Verdict:
    """Weigh the measures of the generation before against the new one's.

    ``lost`` names pinned questions that had their passage and have it no longer.
    """
    reasons = [
        f"{name} fell from {before[name]:.3f} to {after[name]:.3f} (at most {margin:g} is allowed)"
        for name, margin in MARGINS.items()
        if name in before and name in after and after[name] < before[name] - margin - TOLERANCE
    ]
    reasons += [
        f"{name} rose from {before[name]:.3f} to {after[name]:.3f} (at most {margin:g} is allowed)"
        for name, margin in MAX_RISE.items()
        if name in before and name in after and after[name] > before[name] + margin + TOLERANCE
    ]
    reasons += [f"the pinned question {name} lost its passage" for name in lost]
    return Verdict(tuple(reasons))


def find_lost(before: Sequence[Judgement], after: Sequence[Judgement]) -> tuple[str, ...]:
    """Ids of the pinned questions whose first passage answered before and does not now."""
    held = {one.question.id for one in before if one.first_good_rank() == 1}
    return tuple(one.question.id for one in after if one.question.id in held and one.first_good_rank() != 1)
