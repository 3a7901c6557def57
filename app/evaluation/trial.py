"""Puts questions to an answerer, by the same call as the page and the API, and keeps what came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.answering.answer import IndexAnswerer
from app.errors import QuestionError
from app.evaluation.measures import DEPTH, Judgement, RunLine, judge
from app.evaluation.questions import Question


def ask_all(answerer: IndexAnswerer, questions: Iterable[Question]) -> list[Judgement]:
    """Every question's reply, judged against the answerer's own articles, if its label holds for these."""
    texts = {article.slug: article.text for article in answerer.articles()}
    judged = []
    for question in (one for one in questions if one.holds_for(texts)):
        try:
            answer = answerer.answer(question.question, DEPTH)
        except QuestionError:  # one that cannot be taken gets nothing
            line = RunLine(question.id, (), urgency="none", confidence=0.0)
        else:
            passages = tuple((match.article.slug, match.passage.text) for match in answer.matches)
            line = RunLine(question.id, passages, answer.urgency, answer.confidence, answer.language)
        judged.append(judge(question, line, texts))
    return judged


def write_run(path: Path, judged: Sequence[Judgement]) -> None:
    """A run file: a line a question, in the form that the API gives passages in."""
    with path.open("w", encoding="utf-8") as file:
        for reply in (one.reply for one in judged):
            line = {
                "id": reply.id,
                "passages": [{"article": slug, "text": text} for slug, text in reply.passages],
                "urgency": reply.urgency,
                "urgent": reply.urgency == "now",
                "language": reply.language,
                "confidence": round(reply.confidence, 4),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
