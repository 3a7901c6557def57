"""How urgent a text is, whatever becomes of it: needs no index and no model, and never raises.

Every refusal asks here too (too long, too many, too busy, no index), so that none hides an emergency.
"""

from __future__ import annotations

from functools import lru_cache

from app.answering.urgency import UrgencyRules
from app.records import Urgency

LONGEST = 16_384
"""Characters that are read; no request that is read at all holds a longer question."""


@lru_cache(maxsize=1)
def load_rules() -> UrgencyRules:
    """The reviewed rules, read once."""
    return UrgencyRules.load()


def judge_urgency(text: str) -> Urgency:
    """The level by the rules alone; of what is too long for a question the first characters are read."""
    return load_rules().judge(text[:LONGEST])
