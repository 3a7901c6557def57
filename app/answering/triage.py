"""How urgent a text is and in which language, whatever becomes of it: needs no index and no model of ours.

Every refusal asks here too (too long, too many, too busy, no index), so that none hides an emergency.
"""

from __future__ import annotations

from functools import lru_cache
from textwrap import wrap
from typing import NamedTuple

from app.answering.language import recognise, tells_sign
from app.answering.urgency import UrgencyRules
from app.notices import translations
from app.records import Urgency

LONGEST = 16_384
"""Characters that are read: no request holds more of a question, and none costs more work."""
_PART = 1000
"""Characters that the rules read at once: a question's greatest length."""


class Triage(NamedTuple):
    """What is known of a text before anything is looked up."""

    urgency: Urgency
    language: str | None
    """BCP 47 where it is another than English."""


CALM = Triage("none", None)


@lru_cache(maxsize=1)
def load_rules() -> UrgencyRules:
    """The reviewed rules, read once."""
    return UrgencyRules.load()


def triage(text: str) -> Triage:
    """The level by the rules alone, and the language; what is too long for a question is read in parts."""
    text, rules = text[:LONGEST], load_rules()
    language = recognise(text, rules.knows)
    # Few words, without their accents, may be those of a language's neighbour; a sign told in any is one.
    if language and any(tells_sign(text, code) for code in (language, *translations())):
        return Triage("now", language)
    parts = (text,) if len(text) <= _PART else wrap(text, _PART)
    levels = {rules.judge(part) for part in parts}
    return Triage("now" if "now" in levels else "today" if "today" in levels else "none", language)
