"""What a new article says that the corpus says already: word 5-grams in common. Pure.

Shingling after Broder, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.records import Passage

_SHINGLE = 5
_MIN_SHINGLES = 4
"""Shorter passages are alike by chance."""
_ALIKE = 0.5
"""Share of the shorter passage's 5-grams that the other holds."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """A new passage, the stored one most like it, and the share of the shorter one that is in both."""

    new: Passage
    stored: Passage
    share: float


def find_resemblances(new: Iterable[Passage], stored: Iterable[Passage]) -> Iterator[Resemblance]:
    """For each new passage the stored one that holds most of it, when that is half or more."""
    shingles = {(passage.article, passage.id): (passage, shingle(passage.text)) for passage in stored}
    holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, (_, grams) in shingles.items():
        for gram in grams:
            holders[gram].append(key)
    for passage in new:
        own = shingle(passage.text)
        common = Counter(key for gram in own for key in holders.get(gram, ()))
        for key, count in common.most_common(1):
            shorter = min(len(own), len(shingles[key][1]))
            if shorter >= _MIN_SHINGLES and count / shorter >= _ALIKE:
                yield Resemblance(passage, shingles[key][0], count / shorter)


def shingle(text: str) -> set[str]:
    """The word 5-grams of a text, without capitals and punctuation."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1)}
