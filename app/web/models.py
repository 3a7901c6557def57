"""What may be asked, and how it is refused; what is replied is in app/answering/replies.py."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.answering.question import MAX_CHARACTERS, MAX_PASSAGES, check_question
from app.answering.replies import ErrorBody, NoticesReply, Reply, WithdrawnBody
from app.records import Urgency

_MAX_BATCH = 50
_FORBIDDEN = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff"
_PATTERN = rf"^[^{_FORBIDDEN}]*[^{_FORBIDDEN}\s][^{_FORBIDDEN}]*$"
"""Says in the document, for programs, what check_question holds to."""


Question = Annotated[
    str,
    AfterValidator(check_question),
    Field(
        description="The question in plain words: 1 to 1,000 characters, trimmed, no control characters.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": _PATTERN},
    ),
]
PassageCount = Annotated[int, Field(ge=1, le=MAX_PASSAGES, description="The most passages to reply with.")]

ArticleName = Annotated[
    str | None,
    Field(max_length=200, description="Answer from this article alone, by its slug."),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QuestionRequest(_Strict):
    """One question."""

    question: Question
    k: PassageCount = 5
    article: ArticleName = None


class QuestionQuery(_Strict):
    """One question, as the query of an address."""

    q: Question
    k: PassageCount = 5
    article: ArticleName = None


class BatchRequest(_Strict):
    """Several questions at once."""

    questions: list[str] = Field(
        min_length=1,
        max_length=_MAX_BATCH,
        description="1 to 50 questions; one that cannot be taken gets its own error.",
    )
    k: PassageCount = 5
    article: ArticleName = None


class ErrorReply(Reply):
    """Every error has this form."""

    error: ErrorBody
    urgency: Urgency = Field(description="Of what could be read of the request.")
    language: str | None = Field(description="Its language (BCP 47) where it is not English.")
    notices: NoticesReply


class WithdrawnReply(ErrorReply):
    """A passage that stood here once; ``withdrawn`` is null when its words are no longer kept."""

    withdrawn: WithdrawnBody | None
