"""A second opinion on urgency: does a text read like sentences that need help now, or today?

Two logistic regressions over a text's words, pieces of words, classes of words of like meaning, and what the
concepts of ``urgency.toml`` found in it, weighed by TF-IDF; they need neither an index nor an encoder. Where
an index is open, an encoder that was taught the same sentences, and what a larger model says of many other
texts, reads the text besides, and their scores are added. ``scripts/fit_urgency.py`` and
``scripts/train_urgency.py`` learn them once from sentences of many writers; the build fits nothing. They can
only raise the level of the rules in ``urgency.py``, never lower it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.answering.urgency import EDGE, UrgencyRules
from app.answering.wording import Reading
from app.records import Urgency

WEIGHTS = Path(__file__).with_name("urgency_vote.npz")
HEAD = Path(__file__).with_name("urgency_head.npz")
_DENIED = 4
"""Words behind a denial that it is read into, in its clause."""
_PIECES = (3, 4)
"""Letters of a piece of a word; the spaces around the word are letters, too."""

Features = tuple[list[int], ...]
"""Keys (CRC-32) of what was found, with repetitions: words and pairs, pieces of words, classes of words and
pairs, concepts."""


def find_features(reading: Reading, rules: UrgencyRules, classes: Mapping[int, int]) -> Features:
    """What the vote knows of a text; ``classes`` has the class of the words, by key, that have one.

    A word or its class behind a denial is another one, and its pieces count nothing; a concept that is
    denied, supposed or past is another feature than one that is told of.
    """
    words: list[str] = []
    told: list[str] = []
    pieces: list[str] = []
    meant: list[str] = []
    denied = 0
    for i, word in enumerate(reading.words):
        if i and reading.clauses[i] != reading.clauses[i - 1]:
            words.append(EDGE)
            denied = 0
        words.append(word)
        told.append(f"{'! ' if denied else ''}{word}")
        meant.append(f"{'! ' if denied else ''}{classes.get(make_key(word), word)}")
        if not denied:
            padded = f" {word} "
            pieces += [padded[k : k + n] for n in _PIECES for k in range(max(len(padded) - n, 0) + 1)]
        denied = _DENIED if word in reading.negators else max(denied - 1, 0)
    found = (
        ("word", [*told, *map(" ".join, pairwise(words))]),
        ("piece", pieces),
        ("class", [*meant, *map(" ".join, pairwise(meant))]),
        ("concept", rules.tell(reading)),
    )
    return tuple([make_key(f"{kind} {name}") for name in names] for kind, names in found)


def make_key(name: str) -> int:
    """What a word or a feature is stored as."""
    return crc32(name.encode())


@dataclass
class UrgencyVote:
    """What was learnt; safe to share between threads. The columns, intercepts and thresholds are of *now*
    and of *today or now*."""

    keys: NDArray[np.uint32]
    """[n], of the features."""
    rarity: NDArray[np.float32]
    """[n], IDF."""
    weights: NDArray[np.float32]
    """[n, 2]."""
    intercepts: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    joint_thresholds: NDArray[np.float32]
    """For the scores with those of the encoder."""
    classes: Mapping[int, int]
    """Word's key -> class."""

    def __post_init__(self) -> None:
        self._places = {int(key): place for place, key in enumerate(self.keys)}

    @classmethod
    @cache
    def load(cls) -> UrgencyVote:
        """Read what scripts/fit_urgency.py wrote, once."""
        with np.load(WEIGHTS, allow_pickle=False) as stored:
            return cls(
                stored["keys"],
                stored["rarity"].astype(np.float32),
                stored["weights"].astype(np.float32),
                stored["intercepts"],
                stored["thresholds"],
                stored["joint_thresholds"],
                dict(zip(stored["words"].tolist(), stored["classes"].tolist(), strict=True)),
            )

    def measure(self, features: Features) -> NDArray[np.float32]:
        """float32[2], the score of *now* (its log odds and half those of *today or now*) and the log odds of
        *today or now*."""
        odds = self.intercepts
        for keys in features:
            counts = Counter(keys)
            known = [(self._places[key], count) for key, count in counts.items() if key in self._places]
            if known:
                places, found = np.array(known).T
                odds = odds + weigh(found, self.rarity[places]) @ self.weights[places]
        return odds

    def judge(self, features: Features, heard: NDArray[np.float32] | None = None) -> Urgency:
        """The highest level whose threshold the odds reach, those that an encoder ``heard`` added."""
        odds, thresholds = self.measure(features), self.thresholds
        if heard is not None:
            odds, thresholds = odds + heard, self.joint_thresholds
        now, today = odds >= thresholds
        return "now" if now else "today" if today else "none"


@dataclass
class UrgencyHead:
    """Reads the level out of the token vectors of the encoder that was taught urgency; safe to share."""

    weights: NDArray[np.float32]
    """[2 d, 2], of the tokens' mean and greatest."""
    intercepts: NDArray[np.float32]
    encoder_sha256: str
    """Of the weights of the encoder that it belongs to."""

    @classmethod
    @cache
    def load(cls) -> UrgencyHead:
        """Read what scripts/train_urgency.py wrote, once."""
        with np.load(HEAD, allow_pickle=False) as stored:
            return cls(stored["weights"], stored["intercepts"], str(stored["encoder_sha256"]))

    def measure(self, tokens: NDArray[np.float32]) -> NDArray[np.float32]:
        """Token vectors [n, d] -> float32[2], as the words' are."""
        pooled = np.concatenate([tokens.mean(axis=0), tokens.max(axis=0)])
        odds: NDArray[np.float32] = (self.intercepts + pooled @ self.weights).astype(np.float32)
        return odds


def weigh(counts: NDArray[np.int64], rarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """TF-IDF of one kind of features in a text, float32[n] of unit length; counts on a logarithmic scale."""
    values = (1 + np.log(counts)) * rarity
    unit: NDArray[np.float32] = (values / np.sqrt(values @ values)).astype(np.float32)
    return unit
