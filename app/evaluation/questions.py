"""Questions with gold quotes, as JSON lines: what is asked, of which kind, and which words answer it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import CorpusError

Kind = Literal["answerable", "unanswerable", "urgent", "today", "harmless"]
"""*urgent*: help is needed now; *today*: a doctor must see the child today; *harmless*: neither, and whether
it is answered is not judged."""
Grade = Literal[1, 2, 3]

GOOD = 2
"""The grade from which a quote answers the question, wholly (3) or for a good part (2); 1 is related."""


_JUDGED = "judged.toml"
"""Beside question files: the articles that their "unanswerable" was judged against."""


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
    against: tuple[str, ...] | None = Field(None, strict=False)
    """The articles, by slug, that an unanswerable question was judged against; None where nobody says."""

    def holds_for(self, texts: Mapping[str, str]) -> bool:
        """Whether the label can be believed of these articles, by slug.

        Another article may answer an unanswerable question; a question whose answer was taken out of the
        articles is no longer known to be answerable.
        """
        if self.kind == "unanswerable":
            return self.against is None or texts.keys() <= set(self.against)
        good = [gold for gold in self.relevant if gold.grade >= GOOD]
        return not good or any(gold.quote in texts.get(gold.article, "") for gold in good)


def read_questions(path: Path) -> tuple[Question, ...]:
    """Every question of the file; raises CorpusError that names the file and the line.

    An unanswerable one that does not say itself what it was judged against was judged against the articles
    of ``judged.toml`` in the same folder.
    """
    judged = path.with_name(_JUDGED)
    try:
        lines = path.read_text("utf-8").splitlines()
        against = tomllib.loads(judged.read_text("utf-8"))["articles"] if judged.exists() else None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise CorpusError(f"{path}: cannot be read with its {_JUDGED}: {error}.") from None
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(map(str, fault["loc"]))
            raise CorpusError(f"{path}: line {number}: {field}: {fault['msg']}.") from None
        if question.id in questions:
            raise CorpusError(f"{path}: the id {question.id} is used twice.")
        if question.kind == "unanswerable" and question.against is None:
            question = question.model_copy(update={"against": against and tuple(against)})
        questions[question.id] = question
    if not questions:
        raise CorpusError(f"{path}: there is no question in it.")
    return tuple(questions.values())
