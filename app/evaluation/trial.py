"""Puts questions to an answerer, by the same call as the page and the API, and keeps what came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.answering.answer import Answerer
from app.errors import QuestionError
from app.evaluation.measures import DEPTH, Judgement, RunLine, judge
from app.evaluation.questions import Question
from app.records import Match


def ask(answerer: Answerer, question: Question, k: int = DEPTH) -> RunLine:
    """What a question gets; one that cannot be taken gets nothing."""
    try:
        answer = answerer.answer(question.question, k)
    except QuestionError:
        return RunLine(question.id, (), urgency="none", confidence=0.0)
    passages = tuple(_describe(match) for match in answer.matches)
    return RunLine(question.id, passages, answer.urgency, answer.confidence, answer.language)


def ask_all(answerer: Answerer, questions: Iterable[Question]) -> list[Judgement]:
    """Every question's reply, judged against the answerer's own articles, if its label holds for these."""
    texts = {article.slug: article.text for article in answerer.articles()}
    held = (question for question in questions if question.holds_for(texts))
    return [judge(question, ask(answerer, question), texts) for question in held]


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


def _describe(match: Match) -> tuple[str, str]:
    return match.article.slug, match.passage.text
