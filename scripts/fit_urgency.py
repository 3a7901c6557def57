#!/usr/bin/env python3
"""Learn the second opinion on urgency (app/answering/urgency_vote.npz), and measure it writer by writer.

To be run again when the sentences or app/answering/urgency.toml change; it takes some minutes. Where the
sentences change, scripts/train_urgency.py comes before it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from console import run

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression

from app.answering.urgency import RULES, UrgencyRules
from app.answering.urgency_vote import (
    HEAD,
    WEIGHTS,
    Features,
    UrgencyVote,
    find_features,
    make_key,
    weigh,
)
from app.errors import CorpusError
from app.evaluation.worlds import ARTICLES, read_material
from app.index.model import DEFAULT, Model
from app.settings import ROOT

QUESTIONS = ROOT / "tests" / "questions"
WRITTEN = QUESTIONS / "levels" / "training.jsonl"
ASKED = tuple(
    QUESTIONS / name for name in ("level_practice.jsonl", "urgent_practice.jsonl", "practice.jsonl")
)
LEVELS = {"urgent": 2, "now": 2, "today": 1}
"""Every other kind is 0."""
GROUPS = 4
"""Of blind writers; each is judged by a fit that has seen none of them."""
CLASSES = 400
COMMON = 2
"""Sentences that a feature or a word with a class must stand in."""
FALSE_SHARES = (0.01, 0.04)
"""Of the harmless sentences, each judged by a fit without its group of writers, rules and vote together may
show so many as *now* (1%), and as *now* or *today* (1% and 3%)."""
PENALTY = 0.1
"""Strength of the quadratic penalty; a third or three times as much changes nothing beyond noise."""
SHARES = (1, 1, 0.7, 0.7)
"""How far each kind of features counts before it is fitted."""
NEGLIGIBLE = 0.01
"""Weights below it are stored as nought, which a file packs well."""
LIGHTER = 0.3
"""What a harmless question of the oldest material counts: there are many, and most are easy."""
TOGETHER = np.array([[1, 0], [0.5, 1]], dtype=np.float32)
"""The score of *now* is its log odds and half those of *today or now*: what could have waited until today is
a lesser mistake than a harmless sentence. With none of these fewer emergencies are noticed at as many false
alarms (.93 for .96 of the writers left out), with all of them a third of what can wait is shown as *now*."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One to learn from."""

    text: str
    level: int
    writer: int
    """Those from 1 on wrote blind and are measured on."""
    rules: int
    """The level that the rules alone give it."""
    features: Features

    @property
    def weight(self) -> float:
        """What it counts in the fit."""
        return 1.0 if self.writer or self.level else LIGHTER


def learn_classes(rules: UrgencyRules) -> dict[int, int]:
    """The class of each word, by key, that questions on child health share: like vectors, one class."""
    materials = read_material(QUESTIONS / "worlds" / ARTICLES)
    asked = [text for one in materials for passage in one.passages for text in passage.questions]
    asked += [json.loads(line)["question"] for line in WRITTEN.read_text("utf-8").splitlines()]
    seen = Counter(word for text in asked for word in set(rules.read(text).words))
    words = sorted(word for word, count in seen.items() if count >= COMMON and word.isalpha())
    vectors = np.array([vector for vector, _ in Model.load(DEFAULT).encode(words)])
    classes = MiniBatchKMeans(CLASSES, n_init=1, random_state=0, batch_size=2048).fit_predict(vectors)
    return {make_key(word): int(number) for word, number in zip(words, classes, strict=True)}


def read_sentences(rules: UrgencyRules, classes: Mapping[int, int]) -> list[Sentence]:
    """Every sentence in English with what rules and vote see of it."""
    found = []
    for path in (WRITTEN, *ASKED):
        for line in path.read_text("utf-8").splitlines():
            one = json.loads(line)
            if one.get("language", "en") == "en":
                reading = rules.read(one["question"])
                level = LEVELS.get(one.get("level") or one["kind"], 0)
                judged = LEVELS.get(rules.judge(reading), 0)
                features = find_features(reading, rules, classes)
                found.append(Sentence(one["question"], level, one.get("writer", 0), judged, features))
    return found


def fit(sentences: list[Sentence], classes: Mapping[int, int]) -> UrgencyVote:
    """The vote, its thresholds not yet chosen."""
    seen = Counter(key for one in sentences for keys in one.features for key in set(keys))
    keys = np.array(sorted(key for key, count in seen.items() if count >= COMMON), dtype=np.uint32)
    places = {int(key): place for place, key in enumerate(keys)}
    rarity = np.array([1 + np.log((1 + len(sentences)) / (1 + seen[int(key)])) for key in keys])
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    shares = np.ones(len(keys))
    for row, one in enumerate(sentences):
        for share, group in zip(SHARES, one.features, strict=True):
            known = Counter(places[key] for key in group if key in places)
            if known:
                where = np.array(list(known))
                shares[where] = share
                rows += [row] * len(where)
                columns += where.tolist()
                values += (share * weigh(np.array(list(known.values())), rarity[where])).tolist()
    matrix = csr_matrix((values, (rows, columns)), shape=(len(sentences), len(keys)))
    levels = np.array([one.level for one in sentences])
    regressions = [
        LogisticRegression(C=1 / PENALTY, solver="liblinear", tol=1e-3).fit(
            matrix, levels >= least, sample_weight=[one.weight for one in sentences]
        )
        for least in (2, 1)
    ]
    weights = np.stack([one.coef_[0] * shares for one in regressions], axis=1).astype(np.float32)
    intercepts = np.array([one.intercept_[0] for one in regressions], dtype=np.float32)
    return UrgencyVote(
        keys,
        rarity.astype(np.float32),
        weights @ TOGETHER,
        intercepts @ TOGETHER,
        np.zeros(2, dtype=np.float32),
        np.zeros(2, dtype=np.float32),
        classes,
    )


def cross_validate(
    sentences: list[Sentence], learn: Callable[[list[Sentence], list[Sentence]], NDArray[np.float32]]
) -> tuple[list[Sentence], NDArray[np.float32]]:
    """The sentences of the blind writers, and float32[n, 2] what was learnt without their group says of each.

    ``learn`` gets sentences to learn from and gives the two log odds of others.
    """
    judged: list[Sentence] = []
    odds = []
    for group in range(GROUPS):
        unseen = [one for one in sentences if one.writer and one.writer % GROUPS == group]
        known = [one for one in sentences if not one.writer or one.writer % GROUPS != group]
        judged += unseen
        odds.append(learn(known, unseen))
    return judged, np.concatenate(odds)


def choose_thresholds(sentences: list[Sentence], votes: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[2]: where rules and vote together raise as many of the harmless as may be."""
    levels, raised = (np.array([getattr(one, what) for one in sentences]) for what in ("level", "rules"))
    harmless, thresholds = levels == 0, []
    for column, least in ((0, 2), (1, 1)):
        already = raised >= least
        allowed = int(FALSE_SHARES[column] * harmless.sum()) - int((already & harmless).sum())
        if allowed < 0:
            raise CorpusError(f"The rules alone raise {-allowed} harmless sentences more than they may.")
        ranked = np.sort(votes[harmless & ~already, column])[::-1]
        thresholds.append(np.nextafter(ranked[allowed], np.float32(np.inf)))
        # What is shown as *now* by the vote is *today or now*, too.
        raised = np.where(votes[:, 0] >= thresholds[0], 2, raised)
    return np.array(thresholds, dtype=np.float32)


def report(
    name: str, sentences: list[Sentence], odds: NDArray[np.float32], thresholds: NDArray[np.float32]
) -> None:
    """What the writers' sentences were shown as, each judged by a fit without its group of writers."""
    levels, raised = (np.array([getattr(one, what) for one in sentences]) for what in ("level", "rules"))
    voted = np.where(odds[:, 0] >= thresholds[0], 2, np.where(odds[:, 1] >= thresholds[1], 1, 0))
    print("| judged by | now noticed | now shown as none | today as today or now | false now | false today |")
    print("|---|---|---|---|---|---|")
    for by, shown in (("rules", raised), (name, voted), (f"rules, {name}", np.maximum(raised, voted))):
        of = {level: shown[levels == level] for level in (0, 1, 2)}
        figures = (of[2] == 2, of[2] == 0, of[1] > 0, of[0] == 2, of[0] == 1)
        print(f"| {by} | {' | '.join(f'{np.mean(figure):.3f}' for figure in figures)} |")


def hash_files(*paths: Path) -> str:
    """SHA-256 of all that something is learnt from."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def main() -> None:
    """Learn, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep-classes", action="store_true", help="part no words anew: the longest step")
    rules = UrgencyRules.load()
    kept = parser.parse_args().keep_classes
    classes = UrgencyVote.load().classes if kept else learn_classes(rules)
    sentences = read_sentences(rules, classes)

    def learn(known: list[Sentence], unseen: list[Sentence]) -> NDArray[np.float32]:
        vote = fit(known, classes)
        return np.array([vote.measure(one.features) for one in unseen])

    blind, votes = cross_validate(sentences, learn)
    with np.load(HEAD, allow_pickle=False) as stored:
        read = dict(zip(stored["unseen"].tolist(), stored["odds"].astype(np.float32), strict=True))
    # The encoder was measured on one group of writers alone: each further one would take another training.
    places = [place for place, one in enumerate(blind) if make_key(one.text) in read]
    heard = [blind[place] for place in places]
    encoder = np.array([read[make_key(one.text)] for one in heard])
    joined = votes[places] + encoder
    thresholds, joint_thresholds = choose_thresholds(blind, votes), choose_thresholds(heard, joined)
    report("words", blind, votes, thresholds)
    report("words, of that group", heard, votes[places], thresholds)
    report("encoder", heard, encoder, choose_thresholds(heard, encoder))
    report("words and encoder", heard, joined, joint_thresholds)
    vote = fit(sentences, classes)
    heavy = np.abs(vote.weights).max(axis=1) >= NEGLIGIBLE
    np.savez_compressed(
        WEIGHTS,
        allow_pickle=False,
        keys=vote.keys,
        rarity=vote.rarity.astype(np.float16),
        weights=np.where(heavy[:, None], vote.weights, 0).astype(np.float16),
        intercepts=vote.intercepts,
        thresholds=thresholds,
        joint_thresholds=joint_thresholds,
        words=np.array(list(classes), dtype=np.uint32),
        classes=np.array(list(classes.values()), dtype=np.uint16),
        made_from=np.array(hash_files(RULES, WRITTEN, *ASKED)),
    )
    print(f"{WEIGHTS.name}: {len(vote.keys)} features, {WEIGHTS.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    run(main)
