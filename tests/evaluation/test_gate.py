"""What the gate lets through and what it refuses."""

from __future__ import annotations

import pytest

from app.errors import BuildError
from app.evaluation.gate import compare, find_lost, find_moved, find_worse, pass_over
from app.evaluation.measures import Judgement, RunLine, judge
from app.evaluation.questions import Gold, Question
from app.evaluation.release import Examination

FIGURES = {
    "success@3": 0.95,
    "refused": 0.85,
    "urgent noticed": 1.0,
    "urgent shown as none": 0.0,
    "today noticed": 0.97,
    "false today": 0.01,
    "wrongly refused": 0.02,
}


def test_no_worse_generation_passes() -> None:
    assert compare(FIGURES, {**FIGURES, "success@3": 0.935, "refused": 0.9}) == ()


def test_first_generation_passes() -> None:
    assert compare({}, FIGURES) == ()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("success@3", 0.92, "success@3 fell from 0.950 to 0.920 (at most 0.02 is allowed)"),
        ("refused", 0.79, "refused fell from 0.850 to 0.790 (at most 0.05 is allowed)"),
        ("urgent noticed", 0.99, "urgent noticed fell from 1.000 to 0.990 (at most 0 is allowed)"),
        ("today noticed", 0.94, "today noticed fell from 0.970 to 0.940 (at most 0.02 is allowed)"),
        (
            "urgent shown as none",
            0.01,
            "urgent shown as none rose from 0.000 to 0.010 (at most 0 is allowed)",
        ),
        ("false today", 0.04, "false today rose from 0.010 to 0.040 (at most 0.02 is allowed)"),
        ("wrongly refused", 0.05, "wrongly refused rose from 0.020 to 0.050 (at most 0.02 is allowed)"),
    ],
)
def test_worse_generation_is_refused_with_both_figures(name: str, value: float, reason: str) -> None:
    assert compare(FIGURES, {**FIGURES, name: value}) == (reason,)


def test_fallen_measure_names_the_questions_behind_it() -> None:
    worse = {"refused": ["one?", "two?", "three?", "four?"]}
    (reason,) = compare(FIGURES, {**FIGURES, "refused": 0.79}, worse)
    assert reason == (
        "refused fell from 0.850 to 0.790 (at most 0.05 is allowed), among others “one?”, “two?”, “three?”"
    )


QUESTION = Question(
    id="p", question="why?", kind="answerable", relevant=(Gold(article="a", quote="because", grade=3),)
)
TEXTS = {"a": "because of that. Something else."}


def judge_passage(*words: str) -> Judgement:
    passages = tuple(("a", one) for one in words)
    return judge(QUESTION, RunLine("p", passages, urgency="none", confidence=1), TEXTS)


HELD, ELSEWHERE, MISSED = judge_passage("because of that"), judge_passage("Something else."), judge_passage()


def test_lost_pinned_question_is_named_in_words_and_can_be_accepted() -> None:
    (reason,) = find_lost([HELD], [ELSEWHERE])
    assert reason == (
        "the pinned question “why?” lost its passage: “because of that” (a), now “Something else.” (a)"
    )
    examination = Examination({}, objections=(reason,))
    with pytest.raises(BuildError, match="the pinned question “why\\?” lost its passage"):
        examination.enforce(None)
    examination.enforce("the article was withdrawn by its publisher")


def test_pinned_question_is_lost_only_when_it_was_held_before() -> None:
    assert find_lost([HELD], [MISSED]) == (
        "the pinned question “why?” lost its passage: “because of that” (a), now nothing",
    )
    assert find_lost([MISSED], [MISSED]) == ()
    assert find_lost([HELD], [HELD]) == ()


def test_pinned_question_whose_words_are_gone_from_every_article_is_lost() -> None:
    assert find_lost([HELD], [])[0].endswith("now in no article")


def test_moved_first_passage_is_told_with_question_and_both_passages() -> None:
    assert find_moved([HELD], [ELSEWHERE]) == (
        "“why?”: “Something else.” (a) instead of “because of that” (a)",
    )
    assert find_moved([HELD], [HELD]) == ()


def test_worse_questions_are_found_by_the_measure_that_they_went_down_by() -> None:
    worse = find_worse([HELD], [MISSED])
    assert (worse["success@3"], worse["wrongly refused"], worse["refused"]) == (["why?"], ["why?"], [])
    assert not any(find_worse([MISSED], [HELD]).values())


def test_passages_of_new_articles_count_neither_way_unless_a_label_knows_them() -> None:
    texts = {"a": "because of that. Something else.", "new": "For a good reason. And another."}
    reply = RunLine("p", (("new", "For a good reason."), ("a", "because of that")), "none", 0.9)
    after = judge(QUESTION, reply, texts)
    assert find_lost([HELD], [after])
    assert find_lost([HELD], pass_over([after], {"new"})) == ()
    assert find_lost([HELD], pass_over([after], {"other"}))
    labelled = QUESTION.model_copy(
        update={"relevant": (*QUESTION.relevant, Gold(article="new", quote="For a good reason.", grade=3))}
    )
    assert pass_over([judge(labelled, reply, texts)], {"new"})[0].grades == (3, 3)


def test_answer_that_new_articles_leave_no_place_for_is_lost() -> None:
    texts = {"a": "because of that", "new": "One. Two. Three. Four. Five."}
    places = tuple(("new", words) for words in ("One.", "Two.", "Three.", "Four.", "Five."))
    after = judge(QUESTION, RunLine("p", places, "none", 0.9), texts)
    assert find_lost([HELD], pass_over([after], {"new"}))
    assert not pass_over([after], {"new"})[0].refused
