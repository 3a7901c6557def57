"""Words one slip of the finger away from a word of the corpus, to be looked up by and offered as a link.

The question itself stays as it was typed: only the search by words takes a misspelt one for what it meant.

A slip is one letter too many, one missing, one wrong, or two exchanged (Damerau 1964).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from string import ascii_lowercase

from app.index.encoder import TextEncoder
from app.index.lexical import LexicalIndex, find_content_words

MIN_LENGTH = 5
"""Shorter words have too many neighbours."""


class Spelling:
    """What the words of a question may have been meant to be."""

    def __init__(self, lexical: LexicalIndex, encoder: TextEncoder) -> None:
        self._lexical = lexical
        self._encoder = encoder
        self.correct = lru_cache(maxsize=4096)(self._find_correction)

    def suggest(self, question: str) -> str | None:
        """The question with its misspelt words mended; None when there are none."""
        mended = question
        for word in find_content_words(question):
            correction = self.correct(word)
            if correction:
                mended = re.sub(rf"\b{re.escape(word)}\b", correction, mended, flags=re.IGNORECASE)
        return mended if mended != question else None

    def _find_correction(self, word: str) -> str | None:
        """The most frequent word of the corpus one slip away; None for any word that is known somewhere."""
        if len(word) < MIN_LENGTH or not word.isascii() or not word.isalpha():
            return None
        if self._lexical.familiar(word) or self._is_english(word):
            return None
        near = self._lexical.count_words(_find_neighbours(word))
        return max(near, key=lambda other: (near[other], other), default=None)

    def _is_english(self, word: str) -> bool:
        """Whether the model has the word whole in its vocabulary, which only frequent words are."""
        return self._encoder.knows(word)


def _find_neighbours(word: str) -> Iterator[str]:
    for i in range(len(word) + 1):
        left, right = word[:i], word[i:]
        yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in ascii_lowercase:
            yield left + letter + right
            yield left + letter + right[1:]
