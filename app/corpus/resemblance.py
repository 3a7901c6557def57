"""What a new article says that the corpus says already: word 5-grams in common. Pure.

Shingling after Broder, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from app.records import Passage

_SHINGLE = 5
_MIN_SHINGLES = 4
"""Shorter passages are alike by chance."""
_ALIKE = 0.5
"""Share of the shorter passage's 5-grams that the other holds."""

_WORD = re.compile(r"\w+")


def find_resemblances(
    new: Iterable[Passage], stored: Iterable[Passage]
) -> Iterator[tuple[Passage, Passage, float]]:
    """Each new passage of which a stored one holds half or more, that one, and the share of the shorter that
    is in both."""
    shingles = {(passage.article, passage.id): (passage, _shingle(passage.text)) for passage in stored}
    holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, (_, grams) in shingles.items():
        for gram in grams:
            holders[gram].append(key)
    for passage in new:
        own = _shingle(passage.text)
        common = Counter(key for gram in own for key in holders.get(gram, ()))
        for key, count in common.most_common(1):
            shorter = min(len(own), len(shingles[key][1]))
            if shorter >= _MIN_SHINGLES and count / shorter >= _ALIKE:
                yield passage, shingles[key][0], count / shorter


def _shingle(text: str) -> set[str]:
    """The word 5-grams of a text, without capitals and punctuation."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1)}
