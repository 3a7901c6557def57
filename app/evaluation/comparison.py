"""Every variant of the ranking on the same questions, so that the choice between them can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.search import Search, Weights
from app.evaluation.measures import DEPTH, Judgement, RunLine, grade_passage, summarise
from app.evaluation.questions import GOOD, Question

_FOLDS = 5
_PENALTY = 1.0

VARIANTS: Mapping[str, Weights] = {
    "passage vectors": Weights(late=0, passage=1, sentence=0, lexical=0),
    "sentence vectors": Weights(late=0, passage=0, sentence=1, lexical=0),
    "BM25 with word families": Weights(late=0, passage=0, sentence=0, lexical=1),
    "late interaction": Weights(late=1, passage=0, sentence=0, lexical=0),
    "passage + sentence": Weights(late=0, lexical=0),
    "passage + sentence + BM25": Weights(late=0),
    "late + BM25": Weights(passage=0, sentence=0),
    "late + passage + sentence": Weights(lexical=0),
    "late at half weight": Weights(late=1.0),
    "late at double weight": Weights(late=4.0),
    "BM25 at half weight": Weights(lexical=0.03),
    "BM25 at double weight": Weights(lexical=0.12),
    "chosen": Weights(),
}
_LEARNED = "learned (logistic regression)"

_MEASURED = ("success@1", "success@3", "MRR@5", "precision@3")


@dataclass(frozen=True, slots=True)
class Row:
    """A variant's measures: mean and standard deviation over the folds."""

    name: str
    means: Mapping[str, float]
    spreads: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Case:
    """A question, the four scores of every candidate, and what each candidate is worth."""

    question: Question
    scores: NDArray[np.float64]
    """float64[n, 4], in the order of the fields of Weights."""
    grades: NDArray[np.int64]


def compare_variants(answerer: IndexAnswerer, questions: Sequence[Question]) -> list[Row]:
    """Fixed weights, each measured on five folds, and weights learned from the other four folds."""
    search = Search(answerer.index, rescored=len(answerer.index.passages))
    texts = {article.slug: article.text for article in answerer.articles()}
    cases: list[_Case] = []
    for question in questions:
        if question.kind == "answerable" and question.relevant:
            ranking = search.rank(question.question)
            passages = [search.index.store.passage_at(int(row)) for row in ranking.rows]
            grades = [grade_passage(question, (p.article, p.text), texts) for p in passages]
            case = _Case(
                question,
                np.column_stack([ranking.late, ranking.passages, ranking.sentences, ranking.lexical]),
                np.array(grades),
            )
            cases.append(case)
    folds = [cases[number::_FOLDS] for number in range(_FOLDS)]
    rows = [_summarise(name, [(fold, weights) for fold in folds]) for name, weights in VARIANTS.items()]
    learned = [
        (fold, _learn([case for other in folds if other is not fold for case in other])) for fold in folds
    ]
    return [*rows, _summarise(_LEARNED, learned)]


def _summarise(name: str, trials: Sequence[tuple[Sequence[_Case], Weights]]) -> Row:
    measured = [summarise([_judge(case, weights) for case in fold]) for fold, weights in trials]
    values = {measure: [fold[measure] for fold in measured] for measure in _MEASURED}
    return Row(
        name,
        means={measure: float(np.mean(found)) for measure, found in values.items()},
        spreads={measure: float(np.std(found, ddof=1)) for measure, found in values.items()},
    )


def _judge(case: _Case, weights: Weights) -> Judgement:
    order = np.argsort(-(case.scores @ np.array(astuple(weights))), kind="stable")[:DEPTH]
    reply = RunLine(case.question.id, (), urgency="none", confidence=1.0)
    return Judgement(case.question, reply, tuple(int(g) for g in case.grades[order]), forged=0, recall=None)


def _learn(cases: Sequence[_Case]) -> Weights:
    """Weights that tell good candidates from the others of the same question."""
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([case.scores - case.scores.mean(axis=0) for case in cases])
    good = np.concatenate([case.grades >= GOOD for case in cases])
    model = LogisticRegression(C=_PENALTY, class_weight="balanced").fit(scores, good)
    return Weights(*map(float, model.coef_[0]))
