"""What may be asked and what is replied: the one model that the page, the API and its document share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.answering.question import MAX_CHARACTERS, MAX_PASSAGES, check_question
from app.errors import QuestionError

MAX_BATCH = 50
_FORBIDDEN = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff"
_PATTERN = rf"^[^{_FORBIDDEN}]*[^{_FORBIDDEN}\s][^{_FORBIDDEN}]*$"
"""Says in the document, for programs, what check_question holds to."""


def _check_question(text: str) -> str:
    try:
        return check_question(text)
    except QuestionError as error:
        raise PydanticCustomError(error.code, "{sentence}", {"sentence": str(error)}) from None


Question = Annotated[
    str,
    AfterValidator(_check_question),
    Field(
        description="The question in plain words: 1 to 1,000 characters, trimmed, no control characters.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": _PATTERN},
    ),
]
PassageCount = Annotated[int, Field(ge=1, le=MAX_PASSAGES, description="The most passages to reply with.")]


class _Strict(BaseModel):
    # Built when first used: of the replies only the document and the tests ever use one.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class QuestionRequest(_Strict):
    """One question."""

    question: Question
    k: PassageCount = 5


class QuestionQuery(_Strict):
    """One question, as the query of an address."""

    q: Question
    k: PassageCount = 5


class BatchRequest(_Strict):
    """Several questions at once."""

    questions: list[Question] = Field(min_length=1, max_length=MAX_BATCH, description="1 to 50 questions.")
    k: PassageCount = 5


class NoticesReply(_Strict):
    """The fixed words that stand in every reply."""

    emergency: str = Field(description="When to call for help now.")
    disclaimer: str = Field(description="What these extracts cannot do.")
    extracts: str = Field(description="What the passages are.")


class Source(_Strict):
    """Where words come from."""

    slug: str
    title: str
    author: str | None
    publisher: str
    url: str


class ArticleReference(Source):
    """The article that a passage stands in."""

    retrieved: str = Field(description="Date on which the text was taken, YYYY-MM-DD.")
    reviewed: str | None = Field(description="Date on which its publisher last checked it, where known.")
    sha256: str = Field(description="SHA-256 of the article's stored bytes.")


class PassageLinks(_Strict):
    """Where a passage can be read."""

    self: str = Field(description="The passage's permanent page.")
    article: str = Field(description="The article's own page here, with the passage marked.")
    source: str = Field(description="The publisher's page, with a text fragment.")


class PassageBody(_Strict):
    """A passage, word for word."""

    id: str
    text: str = Field(description="Exactly the characters [start, end) of the article.")
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    lead: str | None = Field(
        description="The header row or lead-in, word for word, that the passage needs above it."
    )
    section: list[str] = Field(description="Headings from the outermost inwards.")
    article: ArticleReference
    links: PassageLinks
    citation: str = Field(description="The passage with its source and the disclaimer, as plain text.")


class RankedPassage(PassageBody):
    """A passage found for a question."""

    rank: int = Field(ge=1)
    score: float = Field(description="Cosine of question and passage, higher is better.")
    highlights: list[tuple[int, int]] = Field(description="The sentences that answer, as offsets into text.")


class IndexReference(_Strict):
    """The index that answered."""

    generation: str
    model: str


class AnswerReply(_Strict):
    """What a question gets: passages word for word, or the plain word that there are none."""

    question: str
    outcome: Literal["answered", "closest", "none"]
    confidence: float = Field(
        ge=0, le=1, description="Probability that the first passage answers the question."
    )
    urgency: Literal["now", "today", "none"] = Field(
        description="now: call the emergency number; today: a doctor must see the child today."
    )
    urgent: bool = Field(description="True when the urgency is now.")
    language: str | None = Field(description="The question's language (BCP 47) where it is not English.")
    notices: NoticesReply
    passages: list[RankedPassage] = Field(description="Best first; empty unless the outcome is answered.")
    closest: list[RankedPassage] = Field(description="Best first; empty unless the outcome is closest.")
    help: list[RankedPassage] = Field(description="When to get help, from the article of the first passage.")
    suggestion: str | None = Field(
        description="The question with misspelt words mended, to be offered; it was not asked."
    )
    index: IndexReference


class BatchReply(_Strict):
    """The answers, in the order of the questions."""

    answers: list[AnswerReply]
    notices: NoticesReply


class PassageReply(_Strict):
    """One passage by its id."""

    passage: PassageBody
    notices: NoticesReply
    index: IndexReference


class VerificationReply(_Strict):
    """The proof that a passage is the article's own words; the check is made for this reply."""

    id: str
    exact: bool = Field(description="True when every check below holds.")
    article_sha256_matches: bool
    text_matches: bool
    sha256: str = Field(description="Of the article's text, computed now.")
    start: int
    end: int
    before: str = Field(description="The article's words just before the passage.")
    text: str
    after: str = Field(description="The article's words just after the passage.")
    article: ArticleReference
    notices: NoticesReply
    index: IndexReference


class ArticleSummary(ArticleReference):
    """An article, without its text."""

    language: str
    rights: str
    passages: int = Field(ge=0, description="How many passages it was cut into.")
    links: dict[str, str]


class ArticlesReply(_Strict):
    """Every article, by slug."""

    articles: list[ArticleSummary]
    notices: NoticesReply
    index: IndexReference


class ArticleReply(_Strict):
    """One article, whole."""

    article: ArticleSummary
    text: str = Field(description="The whole article, word for word.")
    passages: list[PassageBody]
    notices: NoticesReply
    index: IndexReference


class ErrorBody(_Strict):
    """What went wrong."""

    code: str = Field(description="A short name that does not change.")
    message: str = Field(description="What to do, in plain words.")


class ErrorReply(_Strict):
    """Every error has this form."""

    error: ErrorBody
    urgency: Literal["now", "today", "none"] = Field(description="Of what could be read of the request.")
    language: str | None = Field(description="Its language (BCP 47) where it is not English.")
    notices: NoticesReply


class WithdrawnBody(_Strict):
    """What a withdrawn passage said."""

    id: str
    text: str
    section: list[str]
    article: Source
    withdrawn: str = Field(description="Date since which it is gone, YYYY-MM-DD.")


class WithdrawnReply(ErrorReply):
    """A passage that stood here once; ``withdrawn`` is null when its words are no longer kept."""

    withdrawn: WithdrawnBody | None
