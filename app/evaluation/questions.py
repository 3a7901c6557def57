"""Questions with gold quotes, as JSON lines: what is asked, of which kind, and which words answer it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import QuestionsError

Kind = Literal["answerable", "unanswerable", "urgent", "today", "harmless"]
"""*urgent*: help is needed now; *today*: a doctor must see the child today; *harmless*: neither, and whether
it is answered is not judged."""
Grade = Literal[1, 2, 3]

GOOD = 2
"""The grade from which a quote answers the question, wholly (3) or for a good part (2); 1 is related."""


class Gold(BaseModel):
    """A stretch of an article that answers a question."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    article: str
    quote: Annotated[str, Field(min_length=1)]
    grade: Grade


class Question(BaseModel):
    """One line of a question file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, Field(min_length=1)]
    question: Annotated[str, Field(min_length=1)]
    kind: Kind
    language: str = "en"
    """BCP 47."""
    relevant: tuple[Gold, ...] = Field(strict=False)


def read_questions(path: Path) -> tuple[Question, ...]:
    """Every question of the file; raises QuestionsError that names the file and the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{path}: cannot be read: {error}.") from None
    questions = [_parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise QuestionsError(f"{path}: there is no question in it.")
    _refuse_repeated_ids(path, questions)
    return tuple(questions)


def check_quotes(path: Path, questions: tuple[Question, ...], texts: Mapping[str, str]) -> None:
    """Every quote must stand exactly once in its article; raises QuestionsError."""
    for question in questions:
        for gold in question.relevant:
            found = texts.get(gold.article, "").count(gold.quote)
            if found != 1:
                where = f"{found} times in {gold.article}"
                raise QuestionsError(f"{path}: question {question.id}: a quote stands {where}, not once.")


def _parse(path: Path, number: int, line: str) -> Question:
    try:
        return Question.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"]))
        raise QuestionsError(f"{path}: line {number}: {field}: {fault['msg']}.") from None


def _refuse_repeated_ids(path: Path, questions: list[Question]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise QuestionsError(f"{path}: the id {question.id} is used twice.")
        seen.add(question.id)
