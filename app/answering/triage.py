"""How urgent a text is and in which language, whatever becomes of it: needs no index, but hears its encoder.

Every refusal asks here too (too long, too many, too busy, no index), so that none hides an emergency.
"""

from __future__ import annotations

import re
import unicodedata
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from app.answering.language import recognise
from app.answering.urgency import UrgencyRules
from app.answering.urgency_vote import UrgencyHead, UrgencyVote, find_features
from app.records import Urgency

if TYPE_CHECKING:
    from app.index.encoder import Encoder

LONGEST = 16_384
"""Characters that are read: no request holds more of a question, and none costs more work."""
_PART = 1000
"""Characters that the rules read at once: a question's greatest length."""
_WHOLE = 400
"""Up to here, about the longest sentence that it learnt from, the vote reads a text whole, and of a longer
one a few sentences at a time: among much else one sign would count too little."""
_SENTENCES = re.compile(r".{120,400}?[.!?\n]|.{1,400}$|.{400}", re.DOTALL)


class Triage(NamedTuple):
    """What is known of a text before anything is looked up."""

    urgency: Urgency
    language: str | None
    """BCP 47 where it is another than English."""


def triage(text: str, encoder: Encoder | None = None) -> Triage:
    """The level and the language; what is too long for a question is read in parts.

    The rules decide; the vote, which has learnt from English alone, can only raise. ``encoder`` is the one
    that was taught urgency, where an index is open.
    """
    text = unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST]  # a character may become eighteen
    rules, vote = UrgencyRules.load(), UrgencyVote.load()
    language, told = recognise(text, rules.knows)
    if told:
        return Triage("now", language)
    readings = [rules.read(part) for part in ((text,) if len(text) <= _PART else wrap(text, _PART))]
    levels = set(map(rules.judge, readings))
    if not language:
        whole = len(text) <= _WHOLE
        parts = [text] if whole else _SENTENCES.findall(text)
        for part, reading in zip(parts, readings if whole else map(rules.read, parts), strict=True):
            heard = UrgencyHead.load().measure(encoder.encode(part).tokens) if encoder else None
            levels.add(vote.judge(find_features(reading, rules, vote.classes), heard))
    return Triage("now" if "now" in levels else "today" if "today" in levels else "none", language)
