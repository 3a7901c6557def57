"""The second opinion on urgency, as it is kept with the project."""

from __future__ import annotations

import hashlib
import json
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.answering.triage import triage
from app.answering.urgency import RULES, UrgencyRules
from app.answering.urgency_vote import (
    HEAD,
    WEIGHTS,
    Features,
    UrgencyHead,
    UrgencyVote,
    find_features,
    make_key,
    weigh,
)
from app.errors import WrongModel
from app.evaluation.questions import read_questions

QUESTIONS = Path(__file__).resolve().parents[1] / "questions"
WRITTEN = QUESTIONS / "levels" / "training.jsonl"
TAUGHT = QUESTIONS / "levels" / "taught.jsonl.gz"
LEARNT = ("level_practice.jsonl", "urgent_practice.jsonl", "practice.jsonl")


def measure(question: str) -> list[float]:
    """The log odds of *now* and of *today or now*."""
    rules, vote = UrgencyRules.load(), UrgencyVote.load()
    odds = vote.measure(find_features(rules.read(question), rules, vote.classes))
    return [float(one) for one in odds]


@pytest.mark.parametrize(
    ("question", "level"),
    [
        ("she looks like a plum and is fighting for each breath", "now"),
        ("her lips are the colour of ink and she is fighting for every breath", "now"),
        ("when do babies grow out of sleep twitches", "none"),
        ("how many naps does a one year old need", "none"),
    ],
)
def test_vote_raises_what_no_rule_names_and_leaves_the_harmless(question: str, level: str) -> None:
    rules = UrgencyRules.load()
    assert list(rules.fire(rules.read(question))) == []
    assert triage(question).urgency == level


def test_vote_never_lowers_what_the_rules_say() -> None:
    question = "7 weeks old, temperature 38.4, smiling"
    rules = UrgencyRules.load()
    assert rules.judge(rules.read(question)) == "today"
    silent = UrgencyVote(
        keys=np.zeros(0, np.uint32),
        rarity=np.zeros(0, np.float32),
        weights=np.zeros((0, 2), np.float32),
        intercepts=np.full(2, -9, np.float32),
        thresholds=np.zeros(2, np.float32),
        joint_thresholds=np.zeros(2, np.float32),
        classes={},
    )
    assert silent.judge(find_features(rules.read(question), rules, {})) == "none"
    assert triage(question).urgency in ("today", "now")


def test_vote_needs_only_words_it_has_seen() -> None:
    assert measure("zqxv wrtplk") == pytest.approx(UrgencyVote.load().intercepts.tolist(), abs=1.5)


def test_denied_sign_weighs_less_than_one_that_is_told() -> None:
    told, denied = measure("he has a fever and a stiff neck"), measure("he has no fever and no stiff neck")
    assert (told[0] > denied[0], told[1] > denied[1]) == (True, True)


def test_features_are_words_pieces_classes_and_concepts_and_what_is_denied_is_another() -> None:
    rules = UrgencyRules.load()
    reading = rules.read("no fever we saw today now, he is limp")
    told = "no/! fever/! we/! saw/! today/now/he/is/limp".split("/")
    pairs = "no fever/fever we/we saw/saw today/today now/now |/| he/he is/is limp".split("/")
    meant = [*told[:-1], "7"]
    pieces = [
        *(" no", "no ", " no "),
        *(" no", "now", "ow ", " now", "now "),
        *(" he", "he ", " he ", " is", "is ", " is "),
        *(" li", "lim", "imp", "mp ", " lim", "limp", "imp "),
    ]
    expected = {
        "word": [*told, *pairs],
        "piece": pieces,
        "class": [*meant, *(f"{one} {other}" for one, other in pairwise(meant))],
        "concept": rules.tell(reading),
    }
    assert expected["concept"]
    found = find_features(reading, rules, {make_key("limp"): 7})
    assert found == tuple([make_key(f"{kind} {name}") for name in names] for kind, names in expected.items())


def test_levels_are_the_highest_whose_threshold_is_reached() -> None:
    key = make_key("word floppy")
    vote = UrgencyVote(
        keys=np.array([key], np.uint32),
        rarity=np.ones(1, np.float32),
        weights=np.array([[2, 3]], np.float32),
        intercepts=np.array([-1, -1], np.float32),
        thresholds=np.array([1, 0], np.float32),
        joint_thresholds=np.array([3, 4], np.float32),
        classes={},
    )
    assert vote.measure(([key, key], [], [], [])).tolist() == [1, 2]
    floppy: Features = ([key], [], [], [])
    assert vote.judge(floppy) == "now"
    assert vote.judge(floppy, np.array([2, 0], np.float32)) == "now"
    assert vote.judge(floppy, np.array([1.5, 2], np.float32)) == "today"
    assert vote.judge(floppy, np.array([1.5, 1], np.float32)) == "none"
    assert vote.judge(([], [], [], [])) == "none"


def test_weights_have_unit_length_and_grow_slowly_with_counts() -> None:
    values = weigh(np.array([1, 3]), np.array([1, 1], np.float32))
    assert float(values @ values) == pytest.approx(1)
    assert float(values[1] / values[0]) == pytest.approx(1 + np.log(3))


def test_what_is_kept_was_learnt_from_the_sentences_and_the_concepts_as_they_are_now() -> None:
    digest = hashlib.sha256()
    for path in (RULES, WRITTEN, *(QUESTIONS / name for name in LEARNT)):
        digest.update(path.read_bytes())
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        assert str(stored["made_from"]) == digest.hexdigest(), "run scripts/fit_urgency.py"
    assert WEIGHTS.stat().st_size < 1_500_000
    learnt = hashlib.sha256(
        b"".join(path.read_bytes() for path in (WRITTEN, *(QUESTIONS / n for n in LEARNT), TAUGHT))
    )
    with np.load(HEAD, allow_pickle=False) as stored:
        assert str(stored["made_from"]) == learnt.hexdigest(), "run scripts/train_urgency.py"


@pytest.mark.parametrize("text", ["x" * 1000, "he is blue and limp " * 50, "a " * 500, "ab " * 333])
def test_longest_texts_cost_the_vote_little(text: str) -> None:
    rules, vote = UrgencyRules.load(), UrgencyVote.load()
    reading = rules.read(text)
    spent = []
    for _ in range(5):
        began = time.process_time()
        vote.measure(find_features(reading, rules, vote.classes))
        spent.append(time.process_time() - began)
    assert min(spent) < 0.02


def test_no_sentence_is_listed_twice_or_stands_in_a_question_file() -> None:
    written = [json.loads(line)["question"].lower() for line in WRITTEN.read_text("utf-8").splitlines()]
    assert len(written) == len(set(written))
    asked = {one.question.lower() for path in QUESTIONS.glob("*.jsonl") for one in read_questions(path)}
    assert asked & set(written) == set()


def test_head_reads_the_mean_and_the_greatest_of_the_tokens() -> None:
    weights = np.array(
        [[1, 0], [0, 0], [0, 0], [0, 2]], np.float32
    )  # mean of the first, greatest of the second
    head = UrgencyHead(weights, np.array([0.5, -1], np.float32), "")
    assert head.measure(np.array([[1, 5], [3, -4]], np.float32)).tolist() == [2.5, 9]


def test_encoder_that_was_taught_urgency_sees_what_words_miss_and_lowers_no_rule(
    answerer: IndexAnswerer,
) -> None:
    encoder = answerer.index.urgency_encoder
    written = [json.loads(line) for line in WRITTEN.read_text("utf-8").splitlines()]
    asked = [one["question"] for one in written if one["level"] == "now" and one["writer"] > 0][::20]
    by_words, by_both = ([triage(text, one).urgency for text in asked] for one in (None, encoder))
    assert by_both.count("now") > by_words.count("now")
    rules = UrgencyRules.load()
    for text, level in zip(asked, by_both, strict=True):
        assert level == "now" or rules.judge(rules.read(text)) != "now"
    assert [answerer.answer(text).urgency for text in asked[:20]] == by_both[:20]


def test_generation_with_another_encoder_of_urgency_is_refused(
    answerer: IndexAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UrgencyHead.load(), "encoder_sha256", "0" * 64)
    with pytest.raises(WrongModel, match="urgency was learnt with another encoder; run `make index`"):
        IndexAnswerer(answerer.index)
