"""How often the first passages answer: us and others judged by the same gold quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.answering.answer import IndexAnswerer
from app.evaluation.measures import DEPTH, RunLine, judge, summarise
from app.evaluation.questions import Question
from bench.figures import make_table
from bench.others import Find, Passage

SHOWN = ("success@1", "success@3", "MRR@5")


def find_ours(answerer: IndexAnswerer) -> Find:
    """What we give as an answer; a question that we refuse gets nothing."""

    def find(question: str) -> list[Passage]:
        matches = answerer.answer(question, DEPTH).matches
        return [(match.article.slug, match.passage.text) for match in matches]

    return find


def select_answerable(questions: Sequence[Question]) -> list[Question]:
    """Those that some passage answers."""
    return [question for question in questions if question.kind == "answerable" and question.relevant]


def measure_rightness(
    find: Find, questions: Sequence[Question], texts: Mapping[str, str]
) -> dict[str, float]:
    """The measures that are shown, over answerable questions; ``texts`` are the articles by slug."""
    replies = [RunLine(q.id, tuple(find(q.question)), urgency="none", confidence=1.0) for q in questions]
    judged = [judge(question, reply, texts) for question, reply in zip(questions, replies, strict=True)]
    figures = summarise(judged)
    return {name: figures[name] for name in SHOWN}


def compare_rightness(
    systems: Mapping[str, Find | None], sets: Mapping[str, Sequence[Question]], texts: Mapping[str, str]
) -> str:
    """A table of every system's measures on every set of answerable questions."""
    header = [f"`{name}`: {measure}" for name in sets for measure in SHOWN]
    rows = [(name, *_measure_row(find, sets, texts)) for name, find in systems.items()]
    return make_table(("the first passages answer", *header), rows)


def _measure_row(
    find: Find | None, sets: Mapping[str, Sequence[Question]], texts: Mapping[str, str]
) -> list[str]:
    if find is None:
        return ["not installed", *["–"] * (len(sets) * len(SHOWN) - 1)]
    measured = [measure_rightness(find, questions, texts) for questions in sets.values()]
    return [f"{value:.3f}" for figures in measured for value in figures.values()]
