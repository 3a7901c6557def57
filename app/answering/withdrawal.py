"""What stands now where a withdrawn passage stood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.records import Passage, WithdrawnPassage

_WORD = re.compile(r"\w+")
_ENOUGH = 0.3
"""Share of words in common below which two passages say different things."""


def successor_of(gone: WithdrawnPassage, passages: Sequence[Passage]) -> Passage | None:
    """The passage of the same article nearest to the withdrawn one's words, its own section first."""
    here = [passage for passage in passages if passage.section == gone.section] or passages
    nearest = max(here, key=lambda passage: _likeness(gone.text, passage.text), default=None)
    if nearest is None or nearest.section == gone.section:
        return nearest
    return nearest if _likeness(gone.text, nearest.text) >= _ENOUGH else None


def _likeness(one: str, other: str) -> float:
    first, second = (set(_WORD.findall(text.lower())) for text in (one, other))
    return len(first & second) / (len(first | second) or 1)
