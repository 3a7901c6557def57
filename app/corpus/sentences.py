"""Sentence spans by NLTK's Punkt tokenizer, with parameters of our own: nothing is downloaded."""

from __future__ import annotations

import re
from functools import cache

from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from app.records import Span

# Without the final stop, in lower case, as Punkt wants them.
ABBREVIATIONS = frozenset(
    "e.g i.e dr drs mr mrs ms prof st vs etc approx ca cf fig no vol min max sec hr hrs mo mos yr yrs wk wks "
    "mg ml kg lb lbs oz temp dept est incl resp al jr sr u.s u.k a.m p.m".split()
)

_NUMBER = re.compile(r"\d{1,3}[.)]")
"""What stands before a numbered paragraph ("4.") is no sentence of its own."""


@cache
def _tokenizer() -> PunktSentenceTokenizer:
    parameters = PunktParameters()
    parameters.abbrev_types = set(ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)


def find_sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Spans of the sentences of ``text[start:end]``, as offsets into ``text``, without outer white space."""
    sentences: list[Span] = []
    for first, last in _tokenizer().span_tokenize(text[start:end]):
        opens = start + first
        if sentences and _NUMBER.fullmatch(text, *sentences[-1]):
            opens = sentences.pop()[0]
        sentences.append((opens, start + last))
    return tuple(sentences)
