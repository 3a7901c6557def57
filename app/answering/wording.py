"""A question's words as the urgency rules read them: lower case, contractions undone, spelling mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

from rapidfuzz.distance import OSA

TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[.!?;\n]+|[,:()\u2013\u2014\u2026]|\s-+\s")
APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u00b4\u02bc")
REPEATED = re.compile(r"([^\W\d_])\1{2,}")
SHORTEST_MENDED = 5
LONGEST_MENDED = 20
TWO_EDITS_FROM = 9
LONGEST = 400
"""Words that are read; more than a question may hold."""


class Wording:
    """The spelling part of the rules; ``known`` words and words with a known root are never mended."""

    def __init__(self, spelling: dict[str, Any], known: Collection[str], roots: Collection[str]) -> None:
        fixed: dict[str, str] = spelling["fixed"]
        self._fixed = {word: tuple(said.split()) for said, words in fixed.items() for word in words.split()}
        self._keep = {*spelling["keep"].split(), *known}
        self._roots = tuple(sorted(roots))
        danger = [word for word in spelling["danger"].split() if len(word) >= SHORTEST_MENDED]
        self._keep.update(danger)
        self._danger: dict[str, list[str]] = {}
        for word in danger:
            self._danger.setdefault(word[0], []).append(word)

    def split(self, question: str) -> tuple[list[str], list[int], list[int]]:
        """The words, and for each word the number of its clause and of its sentence."""
        words: list[str] = []
        clauses: list[int] = []
        sentences: list[int] = []
        clause = sentence = 0
        for token in TOKEN.findall(_fold(question)):
            if not token[0].isalnum():
                clause += 1
                sentence += token.strip() not in {*",:()-\u2013\u2014", "--"}
                continue
            for word in self._find_meant(token):
                words.append(word)
                clauses.append(clause)
                sentences.append(sentence)
        return words[:LONGEST], clauses[:LONGEST], sentences[:LONGEST]

    def _find_meant(self, word: str) -> tuple[str, ...]:
        if word[0].isdecimal():
            return (word.replace(",", "."),)
        word = REPEATED.sub(r"\1", word)
        if word in self._fixed:
            return self._fixed[word]
        if not SHORTEST_MENDED <= len(word) <= LONGEST_MENDED or word in self._keep:
            return (word,)
        if word.startswith(self._roots):
            return (word,)
        # One edit, or two in a long word, makes a word of danger of it; the first letter must agree.
        near = ((OSA.distance(word, meant), meant) for meant in self._danger.get(word[0], ()))
        slips = ((n, meant) for n, meant in near if n <= (2 if len(meant) >= TWO_EDITS_FROM else 1))
        return (min(slips, default=(0, word))[1],)


def _fold(question: str) -> str:
    """Lower case without accents or apostrophes; hyphens and slashes within a word part it."""
    text = unicodedata.normalize("NFKC", question).lower().translate(APOSTROPHES)
    return text.replace("&", " and ")
