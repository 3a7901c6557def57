"""A text's words as the urgency rules read them: lower case, contractions undone, spelling mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Any

from rapidfuzz.distance import OSA

_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[.!?;\n]+|[,:()\u2013\u2014\u2026]|\s-+\s")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u00b4\u02bc")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_WITHIN_SENTENCE = {*",:()-\u2013\u2014", "--"}
_SHORTEST_MENDED, _LONGEST_MENDED = 5, 20
_TWO_EDITS_FROM = 9
_LONGEST = 400
"""Words that are read; more than a question may hold."""

Spans = dict[int, set[int]]
"""Where something stands in a text: first word -> the ends, each one past the last word."""


class Reading:
    """One text as words, with everything that the concepts found in it."""

    def __init__(
        self, words: list[str], clauses: list[int], sentences: list[int], negators: Collection[str]
    ) -> None:
        """``clauses`` and ``sentences`` have for each word the number of its own."""
        self.words = words
        self.negators = negators
        self.clauses = clauses
        self.sentences = sentences
        self.struck = False
        self.at: dict[str, Spans] = {}
        self.counted: dict[tuple[tuple[int, int], bool], bool] = {}
        """Places that were judged before, for *now* or not: many rules ask for the same concepts."""

    def add(self, name: str, start: int, end: int) -> None:
        """Note that ``name`` stands at [start, end)."""
        self.at.setdefault(name, {}).setdefault(start, set()).add(end)

    def spans(self, name: str) -> Iterator[tuple[int, int]]:
        """Every place of a concept."""
        for start, ends in self.at.get(name, {}).items():
            for end in ends:
                yield start, end

    def strike(self, name: str) -> None:
        """Take the words of a concept out, so that nothing else is read into them."""
        self.struck = True
        struck = {i for start, end in self.spans(name) for i in range(start, end)}
        for spans in self.at.values() if struck else ():
            for i in struck & spans.keys():
                del spans[i]


class Wording:
    """The spelling part of the rules; ``known`` words and words with a known root are never mended."""

    def __init__(
        self,
        spelling: dict[str, Any],
        known: Collection[str],
        roots: Collection[str],
        negators: Collection[str],
    ) -> None:
        fixed: dict[str, str] = spelling["fixed"]
        self._fixed = {word: tuple(said.split()) for said, words in fixed.items() for word in words.split()}
        self._roots = tuple(sorted(roots))
        self._negators = negators
        danger = [word for word in spelling["danger"].split() if len(word) >= _SHORTEST_MENDED]
        self._keep = {*spelling["keep"].split(), *known, *danger}
        self._danger: dict[str, list[str]] = {}
        for word in danger:
            self._danger.setdefault(word[0], []).append(word)

    def read(self, text: str) -> Reading:
        """The words without accents or apostrophes; hyphens and slashes within a word part it."""
        words: list[str] = []
        clauses: list[int] = []
        sentences: list[int] = []
        clause = sentence = 0
        plain = unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES).replace("&", " and ")
        for token in _TOKEN.findall(plain):
            if not token[0].isalnum():
                clause += 1
                sentence += token.strip() not in _WITHIN_SENTENCE
                continue
            for word in self._find_meant(token):
                words.append(word)
                clauses.append(clause)
                sentences.append(sentence)
        return Reading(words[:_LONGEST], clauses[:_LONGEST], sentences[:_LONGEST], self._negators)

    def _find_meant(self, word: str) -> tuple[str, ...]:
        if word[0].isdecimal():
            return (word.replace(",", "."),)
        word = _REPEATED.sub(r"\1", word)
        if word in self._fixed:
            return self._fixed[word]
        if not _SHORTEST_MENDED <= len(word) <= _LONGEST_MENDED or word in self._keep:
            return (word,)
        if word.startswith(self._roots):
            return (word,)
        # One edit, or two in a long word, makes a word of danger of it; the first letter must agree.
        near = ((OSA.distance(word, meant), meant) for meant in self._danger.get(word[0], ()))
        slips = ((n, meant) for n, meant in near if n <= (2 if len(meant) >= _TWO_EDITS_FROM else 1))
        return (min(slips, default=(0, word))[1],)
