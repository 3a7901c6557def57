"""What the gate lets through and what it refuses."""

from __future__ import annotations

import pytest

from app.errors import BuildError
from app.evaluation.gate import compare, find_lost, find_moved, pass_over
from app.evaluation.measures import Judgement, RunLine, judge
from app.evaluation.questions import Gold, Kind, Question
from app.evaluation.release import Examination
from app.records import Urgency

QUESTION = Question(
    id="p", question="why?", kind="answerable", relevant=(Gold(article="a", quote="because", grade=3),)
)
TEXTS = {"a": "because of that. Something else."}
Passages = tuple[tuple[str, str], ...]


def judge_passage(*words: str) -> Judgement:
    passages = tuple(("a", one) for one in words)
    return judge(QUESTION, RunLine("p", passages, urgency="none", confidence=1), TEXTS)


HELD, ELSEWHERE, MISSED = judge_passage("because of that"), judge_passage("Something else."), judge_passage()


FOUND, OTHER = (("a", "because of that"),), (("a", "Something else."),)


def ask_hundred(
    kind: Kind, count: int, good: tuple[Passages, Urgency], bad: tuple[Passages, Urgency]
) -> list[Judgement]:
    """A hundred questions of a kind: so many get the good reply, the others the bad one."""
    relevant = QUESTION.relevant if kind == "answerable" else ()
    return [
        judge(
            Question(id=str(number), question=f"why {number}?", kind=kind, relevant=relevant),
            RunLine(str(number), *(good if number < count else bad), confidence=1),
            TEXTS,
        )
        for number in range(100)
    ]


@pytest.mark.parametrize(
    ("kind", "good", "bad", "before", "allowed", "after", "reason"),
    [
        ("answerable", (FOUND, "none"), (OTHER, "none"), 95, 93,
         92, "success@3 fell from 0.950 to 0.920 (at most 0.02 is allowed)"),
        ("unanswerable", ((), "none"), (OTHER, "none"), 85, 80,
         79, "refused fell from 0.850 to 0.790 (at most 0.05 is allowed)"),
        ("urgent", ((), "now"), ((), "today"), 100, 100,
         99, "urgent noticed fell from 1.000 to 0.990 (at most 0 is allowed)"),
        ("today", ((), "now"), ((), "none"), 97, 95,
         94, "today noticed fell from 0.970 to 0.940 (at most 0.02 is allowed)"),
        ("urgent", ((), "now"), ((), "none"), 100, 100,
         99, "urgent shown as none rose from 0.000 to 0.010 (at most 0 is allowed)"),
        ("harmless", ((), "none"), ((), "now"), 99, 97,
         96, "false alarms rose from 0.010 to 0.040 (at most 0.02 is allowed)"),
        ("harmless", ((), "none"), ((), "today"), 99, 97,
         96, "false today rose from 0.010 to 0.040 (at most 0.02 is allowed)"),
        ("answerable", (FOUND, "none"), ((), "none"), 98, 96,
         95, "wrongly refused rose from 0.020 to 0.050 (at most 0.02 is allowed)"),
    ],
)  # fmt: skip
def test_worse_generation_is_refused_with_both_figures_and_what_is_behind_them(
    kind: Kind,
    good: tuple[Passages, Urgency],
    bad: tuple[Passages, Urgency],
    before: int,
    allowed: int,
    after: int,
    reason: str,
) -> None:
    old, fair, worse = (ask_hundred(kind, count, good, bad) for count in (before, allowed, after))
    assert compare(old, fair) == compare(worse, old) == compare([], worse) == ()
    named = ", ".join(f"“why {number}?”" for number in range(after, before)[:3])
    assert f"{reason}, among others {named}" in compare(old, worse)


@pytest.mark.parametrize(
    ("kind", "good", "bad", "asked", "may_change"),
    [
        ("answerable", (FOUND, "none"), (OTHER, "none"), 50, 2),
        ("answerable", (FOUND, "none"), (OTHER, "none"), 15, 1),
        ("answerable", (FOUND, "none"), (OTHER, "none"), 5, 0),
        ("answerable", (FOUND, "none"), ((), "none"), 50, 2),
        ("unanswerable", ((), "none"), (OTHER, "none"), 2, 0),
        ("today", ((), "now"), ((), "none"), 3, 0),
        ("today", ((), "now"), ((), "none"), 40, 0),
        ("harmless", ((), "none"), ((), "now"), 40, 0),
        ("urgent", ((), "now"), ((), "none"), 40, 0),
    ],
)  # fmt: skip
def test_few_of_a_small_set_may_change_by_a_larger_corpus_but_no_sign_of_urgency(
    kind: Kind, good: tuple[Passages, Urgency], bad: tuple[Passages, Urgency], asked: int, may_change: int
) -> None:
    old, fair, worse = (
        ask_hundred(kind, count, good, bad)[:asked]
        for count in (asked, asked - may_change, asked - may_change - 1)
    )
    assert compare(old, fair) == ()
    assert compare(old, worse) != ()


def test_passage_that_is_not_verbatim_is_refused() -> None:
    forged = judge_passage("because of that, surely")
    assert "not verbatim rose from 0.000 to 1.000 (at most 0 is allowed)" in compare([HELD], [forged])


def test_questions_of_one_generation_alone_are_not_compared() -> None:
    asked = ask_hundred("answerable", 50, (FOUND, "none"), (OTHER, "none"))
    assert compare(asked[:50], asked) == compare(asked[:50], asked[50:]) == ()


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
