"""Sentence spans by NLTK's Punkt tokenizer, with parameters of our own: nothing is downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from app.records import Span

# Without the final stop, in lower case, as Punkt wants them. The first ones hardly ever end a sentence;
# the others do when a capital follows ("within 5 min. Call ...", "The answer is no. Babies ...").
ABBREVIATIONS = frozenset("e.g i.e dr drs mr mrs ms prof st vs approx ca cf fig temp dept al u.s u.k".split())
CLOSING_ABBREVIATIONS = frozenset(
    "etc a.m p.m no vol min max sec hr hrs mo mos yr yrs wk wks mg ml kg lb lbs oz est incl jr sr".split()
)

_CLOSES = re.compile(
    rf"(?<![\w.])(?i:{'|'.join(map(re.escape, sorted(CLOSING_ABBREVIATIONS)))})\.['\"”’)\]]*\s+(?=[A-Z])"
)
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")
"""What stands before a numbered paragraph ("4.") is no sentence of its own."""
_LETTER = re.compile(r"[^\W\d_]")


@cache
def _tokenizer() -> Any:
    # Importing nltk takes a second or more, and most of what imports this module never cuts a sentence.
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(ABBREVIATIONS | CLOSING_ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)


def find_sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Spans of the sentences of ``text[start:end]``, as offsets into ``text``, without outer white space."""
    sentences: list[Span] = []
    for first, last in _split(text[start:end]):
        span = (start + first, start + last)
        numbered = bool(sentences) and _NUMBER.fullmatch(text, *sentences[-1]) is not None
        remnant = bool(sentences) and not _LETTER.search(text, *span) and not _NUMBER.fullmatch(text, *span)
        opens = sentences.pop()[0] if numbered or remnant else span[0]
        sentences.append((opens, span[1]))
    return tuple(sentences)


def _split(text: str) -> Iterator[Span]:
    """Punkt's sentences, cut once more after an abbreviation that a capital follows."""
    for start, end in _tokenizer().span_tokenize(text):
        cuts = [start, *(match.end() for match in _CLOSES.finditer(text, start, end)), end]
        for first, last in pairwise(cuts):
            yield first, first + len(text[first:last].rstrip())
