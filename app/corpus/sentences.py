"""Sentence spans by NLTK's Punkt tokenizer, with parameters of our own: nothing is downloaded."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any

from app.records import Span

# Without the final stop, in lower case, as Punkt wants them. The first ones hardly ever end a sentence;
# the others do when a capital follows ("within 5 min. Call ...", "The answer is no. Babies ...").
_ABBREVIATIONS = frozenset(
    "e.g i.e dr drs mr mrs ms mt prof st vs approx ca cf fig temp dept al u.s u.k".split()
)
_CLOSING_ABBREVIATIONS = frozenset(
    "etc a.m p.m no vol min max sec hr hrs mo mos yr yrs wk wks mg ml kg lb lbs oz est incl jr sr inc ltd "
    "m.d ph.d b.sc m.sc r.n d.o jan feb mar apr jun jul aug sep sept oct nov dec".split()
)

_CLOSES = re.compile(
    rf"(?<![\w.])(?i:{'|'.join(map(re.escape, sorted(_CLOSING_ABBREVIATIONS)))})\.['\"”’)\]]*\s+(?=[A-Z])"
)
_MARK = r"(?:\[\d{1,3}(?:[,–-]\s?\d{1,3})*\]|[¹²³⁰⁴-⁹]+)"
_STAYS = re.compile(rf"['\"”’)\]]*{_MARK}+\s*")
"""The mark of a note, which belongs to the sentence before it."""
_MARKED = re.compile(r"(?<=[a-z]{2})[.!?]['\"”’)]*(?:\d{1,3}(?:,\d{1,3})*|[¹²³⁰⁴-⁹]+)\s+(?=[A-Z“‘])")
"""The end of a sentence before the bare figure of a note ("months.1 Most")."""
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")
"""What stands before a numbered paragraph ("4.") is no sentence of its own."""
_LETTER = re.compile(r"[^\W\d_]")


@cache
def _load_tokenizer() -> Any:
    # Importing nltk takes a second or more, and most of what imports this module never cuts a sentence.
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(_ABBREVIATIONS | _CLOSING_ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)


def find_sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Spans of the sentences of ``text[start:end]``, as offsets into ``text``, without outer white space."""
    sentences: list[Span] = []
    piece = text[start:end]
    cuts = {0, len(piece)}
    for first, last in _load_tokenizer().span_tokenize(piece):
        stays = _STAYS.match(piece, first) if first else None
        cuts.add(stays.end() if stays else first)
        # Punkt's sentences, cut once more where an abbreviation or a note's mark closes one.
        for sign in (_CLOSES, _MARKED):
            cuts.update(match.end() for match in sign.finditer(piece, first, last))
    found: list[Span] = []
    for first, last in pairwise(sorted(cuts)):
        words = piece[first:last]
        if words.strip():
            begins = start + first + len(words) - len(words.lstrip())
            found.append((begins, start + first + len(words.rstrip())))
    # A sentence begins with a capital, unless its writer has none.
    capitals = any(text[first].isupper() for first, _ in found)
    for first, last in found:
        before = text[sentences[-1][0] : sentences[-1][1]] if sentences else ""
        numbered = _NUMBER.fullmatch(before) is not None
        remnant = not _LETTER.search(text, first, last) and not _NUMBER.fullmatch(text, first, last)
        goes_on = (capitals and text[first].islower()) or text[first] in ":;,)"
        if before and (numbered or remnant or goes_on):
            sentences[-1] = (sentences[-1][0], last)
        else:
            sentences.append((first, last))
    return tuple(sentences)
