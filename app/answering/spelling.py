"""Words one slip of the finger away from a word of the corpus, to be looked up by and offered as a link.

The question itself stays as it was typed: only the search by words takes a misspelt one for what it meant.

A slip is one letter too many, one missing, one wrong, or two exchanged (Damerau 1964).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from app.index.encoder import Encoder
from app.index.lexical import LexicalIndex

SHORTEST, LONGEST = 5, 24
"""Shorter words have too many neighbours, and no longer one is meant to be an English word."""
COMPARED = 8
"""Unknown words of one question that are compared with the corpus's: each takes a millisecond at most."""


class Spelling:
    """What the words of a question may have been meant to be."""

    def __init__(self, lexical: LexicalIndex, encoder: Encoder) -> None:
        self._lexical = lexical
        self._encoder = encoder
        self._words = [word for word in lexical.vocabulary if len(word) >= SHORTEST - 1]

    def correct(self, words: Iterable[str]) -> dict[str, str]:
        """For those of a question's words that are misspelt the most frequent of the corpus one slip away."""
        # Neither the corpus knows them nor the model, whose vocabulary has frequent words whole.
        unknown = (
            word
            for word in words
            if SHORTEST <= len(word) <= LONGEST
            and word.isascii()
            and word.isalpha()
            and not self._lexical.look_up(word).familiar
            and not self._encoder.knows(word)
        )
        near: dict[str, str] = {}
        for word in islice(unknown, COMPARED):
            # Of equally near ones the first, which is the most frequent.
            if found := extractOne(word, self._words, scorer=OSA.distance, score_cutoff=1):
                near[word] = found[0]
        return near
