"""A question's words as the urgency rules read them: lower case, contractions undone, spelling mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[.!?;\n]+|[,:()\u2013\u2014\u2026]|\s-+\s")
APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u00b4\u02bc")
REPEATED = re.compile(r"([^\W\d_])\1{2,}")
SHORTEST_MENDED = 5
LONGEST_MENDED = 20
TWO_EDITS_FROM = 9
LONGEST = 400
"""Words that are read; more than a question may hold."""
CACHED_WORDS = 4096
"""Single words whose mended forms are kept ready."""


class Wording:
    """The spelling part of the rules; ``known`` words and words with a known root are never mended."""

    def __init__(self, spelling: dict[str, Any], known: Collection[str], roots: Collection[str]) -> None:
        fixed: dict[str, str] = spelling["fixed"]
        self._fixed = {word: tuple(said.split()) for said, words in fixed.items() for word in words.split()}
        self._keep = {*spelling["keep"].split(), *known}
        self._roots = tuple(sorted(roots))
        danger = [word for word in spelling["danger"].split() if len(word) >= SHORTEST_MENDED]
        self._mended = _index_misspellings(danger)
        self._keep.update(danger)
        self._mend = lru_cache(maxsize=CACHED_WORDS)(self._find_meant)

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
            for word in self._mend(token):
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
        return (next((self._mended[cut] for cut in _cuts(word) if self._fits(word, cut)), word),)

    def _fits(self, word: str, cut: str) -> bool:
        meant = self._mended.get(cut)
        return meant is not None and _is_near(word, meant)


def _fold(question: str) -> str:
    """Lower case without accents or apostrophes; hyphens and slashes within a word part it."""
    text = unicodedata.normalize("NFKC", question).lower().translate(APOSTROPHES)
    return text.replace("&", " and ")


def _cuts(word: str) -> Iterator[str]:
    """The word, and the word with one letter, then two letters, left out."""
    yield word
    shorter = [word[:i] + word[i + 1 :] for i in range(len(word))]
    yield from shorter
    if len(word) >= TWO_EDITS_FROM - 1:
        for once in shorter:
            for i in range(len(once)):
                yield once[:i] + once[i + 1 :]


def _index_misspellings(words: list[str]) -> dict[str, str]:
    """Each word under itself and what is left of it without a letter or two (SymSpell, Garbe 2012)."""
    index: dict[str, str] = {}
    for word in words:
        for cut in _cuts(word):
            index.setdefault(cut, word)
    return index


def _is_near(word: str, meant: str) -> bool:
    """Whether one edit, or two in a long word, makes ``meant`` of ``word``; the first letter must agree."""
    allowed = 2 if len(meant) >= TWO_EDITS_FROM else 1
    return word[0] == meant[0] and abs(len(word) - len(meant)) <= allowed and _edits(word, meant) <= allowed


def _edits(one: str, other: str) -> int:
    """Optimal string alignment distance: insert, delete, replace, swap two neighbours."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
