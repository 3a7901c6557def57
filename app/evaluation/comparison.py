"""Every variant of the ranking on the same questions, so that the choice between them can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

import numpy as np
from numpy.typing import NDArray

from app.answering.answer import IndexAnswerer
from app.answering.search import Search, Weights
from app.evaluation.measures import DEPTH, Judgement, RunLine, judge, summarise
from app.evaluation.questions import GOOD, Question

_FOLDS = 5
_PENALTY = 1.0

_CHOSEN = Weights()
VARIANTS: Mapping[str, Weights] = {
    "passage vectors": Weights(late=0, passage=1, sentence=0, lexical=0),
    "sentence vectors": Weights(late=0, passage=0, sentence=1, lexical=0),
    "BM25 with word families": Weights(late=0, passage=0, sentence=0, lexical=1),
    "late interaction": Weights(late=1, passage=0, sentence=0, lexical=0),
    "passage + sentence": Weights(late=0, lexical=0),
    "passage + sentence + BM25": Weights(late=0),
    "late + BM25": Weights(passage=0, sentence=0),
    "late + passage + sentence": Weights(lexical=0),
    "late at half weight": Weights(late=_CHOSEN.late / 2),
    "late at double weight": Weights(late=_CHOSEN.late * 2),
    "BM25 at half weight": Weights(lexical=_CHOSEN.lexical / 2),
    "BM25 at double weight": Weights(lexical=_CHOSEN.lexical * 2),
    "chosen": _CHOSEN,
}
_LEARNED = "learned (logistic regression)"

_MEASURED = ("success@1", "success@3", "MRR@5", "precision@3")


_Case = tuple[Judgement, NDArray[np.float32]]
"""A question with the grades of every candidate, and their scores: float32[n, 4], in Weights' order."""


def compare_variants(
    answerer: IndexAnswerer, questions: Sequence[Question]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Each measure's mean and standard deviation over five folds; last come weights learned from the other
    four."""
    search = Search(answerer.index, rescored=len(answerer.index.passages))
    texts = {article.slug: article.text for article in answerer.articles()}
    cases: list[_Case] = []
    for question in questions:
        if question.kind == "answerable" and question.relevant:
            ranking = search.rank(question.question)
            passages = map(search.index.store.passage_at, ranking.rows.tolist())
            reply = RunLine(question.id, tuple((p.article, p.text) for p in passages), "none", confidence=1.0)
            scores = np.column_stack([ranking.late, ranking.passages, ranking.sentences, ranking.lexical])
            cases.append((judge(question, reply, texts), scores))
    folds = [cases[number::_FOLDS] for number in range(_FOLDS)]
    trials = {name: [(fold, weights) for fold in folds] for name, weights in VARIANTS.items()}
    trials[_LEARNED] = [
        (fold, _learn([case for other in folds if other is not fold for case in other])) for fold in folds
    ]
    rows = {}
    for name, trial in trials.items():
        measured = [summarise([_rank(case, weights) for case in fold]) for fold, weights in trial]
        values = {measure: [figures[measure] for figures in measured] for measure in _MEASURED}
        rows[name] = {
            measure: (float(np.mean(found)), float(np.std(found, ddof=1)))
            for measure, found in values.items()
        }
    return rows


def _rank(case: _Case, weights: Weights) -> Judgement:
    judged, scores = case
    order = np.argsort(-(scores @ np.array(astuple(weights))), kind="stable")[:DEPTH]
    return replace(judged, grades=tuple(judged.grades[place] for place in order))


def _learn(cases: Sequence[_Case]) -> Weights:
    """Weights that tell good candidates from the others of the same question."""
    from sklearn.linear_model import LogisticRegression

    centred = np.concatenate([scores - scores.mean(axis=0) for _, scores in cases])
    good = np.concatenate([np.array(judged.grades) >= GOOD for judged, _ in cases])
    model = LogisticRegression(C=_PENALTY, class_weight="balanced").fit(centred, good)
    return Weights(*map(float, model.coef_[0]))
