"""Confidence and outcomes of the real index, calibrated on the real questions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.answering import confidence
from app.answering.answer import IndexAnswerer
from app.answering.confidence import (
    FEATURES,
    Calibration,
    Cohort,
    Confidence,
)
from app.answering.search import Search
from app.errors import WrongModel
from app.index.lexical import Word
from app.index.opened import Index
from fit_confidence import write_cohort

WEIGHTS = "0" * 64
COUNT = len(FEATURES)
CALIBRATED = Calibration(
    weights_sha256=WEIGHTS,
    means=[0.0] * COUNT,
    scales=[2.0] * COUNT,
    hidden=[[1.0, 0.0], *([0.0, 0.0] for _ in FEATURES[1:])],
    hidden_intercepts=[0.25, 0.5],
    outer=[2.0, 1.0],
    outer_intercept=-1.0,
    answered=0.25,
    closest=0.05,
    questions={"answerable": 1, "unanswerable": 1},
    created="20261122T000000Z",
)


def estimate(first: float) -> float:
    features = np.zeros(COUNT)
    features[0] = first
    return float(CALIBRATED.estimate(features))


def test_confidence_is_the_logistic_of_what_the_hidden_units_make_of_the_features() -> None:
    logit = 2 * np.tanh(0.5 / 2 + 0.25) + np.tanh(0.5) - 1
    assert estimate(0.5) == pytest.approx(1 / (1 + np.exp(-logit)))


def test_feature_beyond_all_that_was_seen_counts_as_the_farthest_that_was() -> None:
    assert estimate(600.0) == estimate(6.0) > estimate(5.9)
    assert estimate(-600.0) == estimate(-6.0) < estimate(-5.9)


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [(0.25, "answered"), (0.2499, "closest"), (0.05, "closest"), (0.0499, "none")],
)
def test_outcome_follows_the_thresholds(confidence: float, outcome: str) -> None:
    assert CALIBRATED.decide(confidence) == outcome


def test_calibration_of_another_model_is_refused(
    answerer: IndexAnswerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / answerer.index.generation.manifest.model.weights_sha256[: confidence.FOLDER_NAME]
    folder.mkdir()
    (folder / confidence.FITTED).write_text(CALIBRATED.model_dump_json())
    monkeypatch.setattr(confidence, "FOLDERS", tmp_path)
    with pytest.raises(WrongModel, match="another model"):
        Confidence.load(answerer.index)


def test_confidence_was_learned_for_the_model_in_use(answerer: IndexAnswerer) -> None:
    assert Confidence.load(answerer.index) is not None


def test_features_say_what_the_first_passage_and_the_cohort_give(
    answerer: IndexAnswerer, tmp_path: Path
) -> None:
    """With the corpus as its own cohort, nothing stands above the cohort."""
    write_cohort(answerer.index, tmp_path)
    index = answerer.index
    ranking = Search(index).rank("is shuddering dangerous?")
    features = dict(zip(FEATURES, Cohort(tmp_path, index).features_of(ranking).tolist(), strict=True))
    assert features["late interaction"] == pytest.approx(float(ranking.late[0]))
    assert features["above the cohort's best"] == pytest.approx(0, abs=1e-3)
    assert features["passage above the cohort's"] == pytest.approx(0, abs=1e-3)
    assert features["density, near"] == pytest.approx(0, abs=0.02)
    assert features["familiar words"] == 1
    assert features["passages"] == pytest.approx(math.log(89))


def test_features_speak_of_the_first_passage_and_of_the_candidates_around_it(
    answerer: IndexAnswerer,
) -> None:
    index, ranking = answerer.index, answerer.search.rank("why does my baby shudder at zebras?")
    cohort = answerer._confidence._cohort
    found = cohort.features_of(ranking)
    features = dict(zip(FEATURES, found.tolist(), strict=True))
    words = ranking.words
    weights = np.array([index.lexical.look_up(word).weight for word in words])
    held, familiar = ranking.held[0], np.array([word != "zebras" for word in words])
    tokens = ranking.token_weights * ~ranking.encoding.special
    cosines, nearest = cohort.find(ranking)
    every = ranking.token_weights / ranking.token_weights.sum()
    others = nearest @ every + 0.5 * cosines[: len(nearest)]
    first = ranking.late[0] + 0.5 * ranking.passages[0]
    worst = sorted(ranking.tokens.max(axis=0)[tokens > 0.05].tolist())
    best = sorted(ranking.passages.tolist())[-20:]
    expected = {
        "late interaction": ranking.late[0],
        "passage": ranking.passages[0],
        "words": ranking.lexical[0],
        "best sentence": ranking.sentences.max(),
        "familiar words": weights[familiar].sum() / weights.sum(),
        "shared words": weights[held].sum() / weights.sum(),
        "content words": math.log(1 + len(words)),
        "tokens": math.log(len(tokens)),
        "covered tokens": (ranking.tokens.max(axis=0) * tokens).sum() / tokens.sum(),
        "strangest tokens": np.mean(worst[: len(worst) // 3]),
        "density, near": np.log(np.exp(10 * np.array(best)).mean() / np.exp(10 * cosines).mean()) / 10,
        "above the cohort's best": first - others.max(),
        "above the cohort's mean": (first - others.mean()) / (others.std() + 1e-3),
        "passage above the cohort's": ranking.passages.max() - cosines.max(),
        "strange to the cohort": 1 - (nearest.max(axis=0) * tokens).sum() / tokens.sum(),
    }
    assert 0 < held.sum() < len(words)
    assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-5)
    assert features["strangest tokens"] < features["covered tokens"]


@pytest.mark.parametrize(
    "question",
    [
        "asdkjh qwpoei zzmxn",
        "?????",
        "the",
        "why does my dog twitch and kick his legs while sleeping",
        "how many ml of ibuprofen for a fever of 39",
        "which car seat fits a small hatchback",
        "¿cuántos dientes tiene un bebé de seis meses?",
        "what is the capital of mongolia",
    ],
)
def test_what_the_articles_do_not_answer_is_not_answered(answerer: IndexAnswerer, question: str) -> None:
    answer = answerer.answer(question)
    assert answer.outcome != "answered"
    assert answer.matches == ()


def test_words_of_which_none_weighs_anything_count_alike(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("is shuddering dangerous?")
    weightless = replace(ranking, token_weights=np.float32(ranking.encoding.special))
    assert 0 <= answerer._confidence.estimate(weightless) <= 1


def test_another_subject_is_one_that_the_first_passage_does_not_speak_of(answerer: IndexAnswerer) -> None:
    ranking = answerer.search.rank("is shuddering dangerous to a dog?")
    held = ranking.held.copy()
    held[:, ranking.words.index("dog")] = np.arange(len(held)) > 0
    of_the_others, of_the_first = (
        answerer._confidence.estimate(replace(ranking, held=one)) for one in (held, held[::-1])
    )
    assert of_the_others <= confidence._OTHER_SUBJECT < of_the_first


@pytest.mark.parametrize(
    "question",
    ["is shuddering dangerous?", "can cold air make her legs jump?", "what does infantile spasm look like"],
)
def test_what_the_articles_answer_is_answered(answerer: IndexAnswerer, question: str) -> None:
    answer = answerer.answer(question)
    assert answer.outcome == "answered"
    assert answer.confidence > 0.5
    assert answer.closest == ()


def test_punctuation_alone_gets_nothing_and_no_confidence(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("?????")
    assert (answer.outcome, answer.confidence, answer.closest) == ("none", 0.0, ())


def test_help_stands_beside_a_passage_that_does_not_say_when_to_get_help(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("is shuddering dangerous?")
    (found,) = answer.help
    assert found.article == answer.matches[0].article
    assert found.passage.section[-1] == "Accompanying Symptoms"


def test_passage_that_says_when_to_get_help_needs_no_other(answerer: IndexAnswerer) -> None:
    answer = answerer.answer("when should I seek medical advice for baby leg spasm?")
    assert answer.matches[0].passage.section[-1] == "When should I seek medical advice for Baby Leg Spasm?"
    assert answer.help == ()


class Mentions:
    """An index of which only words and titles are asked."""

    def __init__(self, index: Index, counts: dict[str, int], titles: tuple[str, ...] = ()) -> None:
        self.lexical = self.store = self
        self._lexical = index.lexical
        self._counts = counts
        self._titles = titles

    def look_up(self, word: str) -> Word:
        return replace(self._lexical.look_up(word), documents=self._counts.get(word, 0))

    def titles(self) -> tuple[str, ...]:
        return self._titles


@pytest.mark.parametrize(
    ("counts", "titles", "held", "other"),
    [
        ({}, (), False, True),
        ({"dog": 1}, (), False, True),  # a mention in passing
        ({"dog": 1}, (), True, False),  # the first passage speaks of it
        ({"dog": 3}, (), False, False),
        ({}, ("When a dog bites", "Colic"), False, False),
    ],
)
def test_word_of_another_subject_counts_until_the_articles_are_about_it(
    answerer: IndexAnswerer, counts: dict[str, int], titles: tuple[str, ...], held: bool, other: bool
) -> None:
    mentions, cohort = Mentions(answerer.index, counts, titles), answerer._confidence._cohort
    found = Confidence(CALIBRATED, cohort, mentions)  # type: ignore[arg-type]
    assert found.names_other_subject(["my", "dog", "twitches"], [False, held, False]) is other
