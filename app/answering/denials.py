"""What a question denies is left out of what is searched: "breathing fine, no fever, can I relax".

To an encoder "no fever" is near every passage about fever. Left out are only clauses that say nothing else,
and only of signs of illness and of things that go well: "no poo for three days" is what is asked about, and
so is "meningitis without a rash".
"""

from __future__ import annotations

import re

_NEGATORS = "no|not|without|never|nor|(?:is|has|does|did|are|was|have)n['’]?t"
_SIGNS = (
    r"ache\w*|bleed\w*|blister\w*|blood\w*|blue|breath\w*|bruis\w*|bumps?|colou?r|convuls\w*|cough\w*|"
    r"dehydrat\w*|diarr\w+|difficult\w*|discharge|distress\w*|dizz\w*|drows\w*|fever\w*|fits?|floppy|grey|"
    r"headaches?|hot|hurt\w*|ill|infect\w*|injur\w*|itch\w*|jaundice\w*|limp\w*|lumps?|neck|nose|pain\w*|pale|"
    r"pus|rash\w*|red|redness|runny|seizures?|sick\w*|sleepy|sore\w*|spots?|spread\w*|stiff\w*|swell\w*|"
    r"swollen|temp\w*|unwell|vomit\w*|wheez\w*|yellow"
)
_BETWEEN = (
    "a|all|an|and|any|at|be|been|being|change|feeling|get|gets|got|had|has|have|high|in|is|looking|looks?|more|"
    "much|no|nor|obvious|of|or|other|real|seems?|signs?|the|to|trouble|very|visible"
)
_WHO = (
    "and|are|baby|but|did|do|does|had|has|have|he|her|his|is|it|she|still|there|they|with|otherwise|"
    "(?:he|she|it)['’]?s"
)
_SINCE = "at all|either|ever|now|so far|that i can see|though|today|yet"
_FUNCTIONS = r"behav\w*|breath\w*|drink\w*|eat\w*|feed\w*|feels?|grow\w*|otherwise|play\w*|sleep\w*"
_WELL = "fine|good|happily|happy|normal|normally|ok|okay|well"

_DENIAL = re.compile(
    rf"(?:(?:{_WHO}) )*(?:"
    rf"(?:{_NEGATORS}) (?:(?:{_BETWEEN}) )*(?:{_SIGNS})(?: (?:{_BETWEEN}|{_SIGNS}))*(?: (?:{_SINCE}))*"
    rf"|(?:{_FUNCTIONS})(?: (?:is|and|all|\w+ing))* (?:{_WELL})"
    r")",
    re.IGNORECASE,
)
_PARTS = re.compile(r"((?:[,.;:!?()–—]+(?:\s+|$)|\s+-\s+|\s+(?=but\b)|\s+and\s+)+)")
_WORD = re.compile(r"\w{3}")


def leave_out_denied(question: str) -> str:
    """The question without the clauses that only deny a sign; as it is where nothing else would be left."""
    parts = [*_PARTS.split(question), ""]
    kept = "".join(
        clause + mark
        for clause, mark in zip(parts[::2], parts[1::2], strict=True)
        if not _DENIAL.fullmatch(" ".join(clause.split()))
    ).strip()
    return kept if _WORD.search(kept) else question
