"""The second opinion on urgency, fitted with the real model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.answering.question import make_searchable
from app.answering.urgency_vote import URGENCY_VOTE, UrgencyVote
from app.errors import WrongModel
from app.evaluation.questions import read_questions
from app.evaluation.urgency_fit import fit_vote, read_examples
from app.records import Urgency

QUESTIONS = Path(__file__).resolve().parents[1] / "questions"


@pytest.fixture(scope="module")
def vote(answerer: IndexAnswerer) -> UrgencyVote:
    """Fitted once; it takes seconds."""
    return fit_vote(
        lambda text: answerer.index.encoder.encode(text).vector,
        weights_sha256=answerer.index.generation.manifest.model.weights_sha256,
        created="20260101T000000Z",
    )


def judge(answerer: IndexAnswerer, vote: UrgencyVote, question: str) -> Urgency:
    return vote.judge(answerer.index.encoder.encode(make_searchable(question)).vector)


def test_vote_notices_wordings_that_no_rule_knows(answerer: IndexAnswerer, vote: UrgencyVote) -> None:
    assert judge(answerer, vote, "my little one's colour has drained and he will not rouse, jerking") == "now"
    assert judge(answerer, vote, "when do babies grow out of sleep twitches") == "none"


def test_vote_alone_notices_most_held_out_emergencies_with_few_false_alarms(
    answerer: IndexAnswerer, vote: UrgencyVote
) -> None:
    questions = read_questions(QUESTIONS / "urgent_heldout.jsonl")
    raised = [one.kind for one in questions if judge(answerer, vote, one.question) != "none"]
    assert raised.count("urgent") + raised.count("today") >= 42
    assert raised.count("answerable") <= 3


def test_vote_is_read_back_from_a_manifest_as_it_was(answerer: IndexAnswerer, vote: UrgencyVote) -> None:
    manifest = answerer.index.generation.manifest
    stored = manifest.model_copy(update={"extra": {URGENCY_VOTE: vote.model_dump()}})
    assert UrgencyVote.read(stored) == vote


def test_generation_without_a_vote_has_none(answerer: IndexAnswerer) -> None:
    manifest = answerer.index.generation.manifest.model_copy(update={"extra": {}})
    assert UrgencyVote.read(manifest) is None


def test_vote_of_another_model_is_refused(answerer: IndexAnswerer, vote: UrgencyVote) -> None:
    other = vote.model_copy(update={"weights_sha256": "0" * 64})
    manifest = answerer.index.generation.manifest.model_copy(
        update={"extra": {URGENCY_VOTE: other.model_dump()}}
    )
    with pytest.raises(WrongModel, match="fitted with another model"):
        UrgencyVote.read(manifest)


def test_fit_parts_the_levels_by_their_direction() -> None:
    vectors = {"now": [1.0, 0.0, 0.0], "today": [0.0, 1.0, 0.0], "none": [0.0, 0.0, 1.0]}
    vote = fit_vote(
        lambda text: np.array(vectors[text.split()[0]], dtype=np.float32),
        weights_sha256="0" * 64,
        created="20260101T000000Z",
        examples={
            "urgent": [f"now {i}" for i in range(4)],
            "today": [f"today {i}" for i in range(4)],
            "harmless": [f"none {i}" for i in range(8)],
        },
    )
    assert vote.examples == {"urgent": 4, "today": 4, "harmless": 8}
    levels = [vote.judge(np.array(vectors[kind], dtype=np.float32)) for kind in vectors]
    assert levels == ["now", "today", "none"]
    assert vote.now.estimate(np.array([0, 0, 1], dtype=np.float32)) < 0.2 < vote.now.threshold


def test_no_example_is_listed_twice_or_stands_in_a_question_file() -> None:
    examples = [text.lower() for kind in read_examples().values() for text in kind]
    assert len(examples) == len(set(examples))
    asked = {one.question.lower() for path in QUESTIONS.glob("*.jsonl") for one in read_questions(path)}
    shared = asked & set(examples)
    assert {text for text in shared if len(text.split()) > 1} == set()
