"""Requests as they come in, read strictly: what is not clearly right is refused with a word on what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, unquote_plus

from flask import g, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from app.answering.question import MAX_CHARACTERS, MAX_PASSAGES, check_question, is_forbidden
from app.answering.triage import LONGEST
from app.errors import QuestionError
from app.notices import REFUSALS

_FORM = "application/x-www-form-urlencoded"
_HALF = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\n\t]")
_MAX_FIELDS = 20
_MAX_DIGITS = 20
_Model = TypeVar("_Model", bound=BaseModel)

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
        max_length=50,
        description="1 to 50 questions; one that cannot be taken gets its own error.",
    )
    k: PassageCount = 5
    article: ArticleName = None


def read_question(*, k: int, page: bool = False) -> QuestionRequest:
    """The question in the address, or the posted form or JSON; a page's address may carry more, as shared
    links do, and its box several lines and tabs: a space for each of them.
    """
    posted = request.method == "POST"
    if posted and not page:
        return _validate(QuestionRequest, {"k": k, **_read_json_object()})
    fields = _read_pairs(_read_body(_FORM) if posted else request.query_string)
    if page:
        fields = {name: _LINE_BREAK.sub(" ", value) for name, value in fields.items()}
    elif fields.keys() - {"q", "k", "article"}:
        raise QuestionError("unknown_parameter")
    if "q" not in fields:
        raise QuestionError("question_empty")
    count: Any = fields.get("k", k)
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) <= _MAX_DIGITS:
        count = int(count)
    asked = {"question": fields["q"], "k": count, "article": fields.get("article") or None}
    return _validate(QuestionRequest, asked)


def read_batch_json(*, k: int) -> BatchRequest:
    """Several questions in a JSON body."""
    fields = _read_json_object()
    if isinstance(asked := fields.get("questions"), list):
        # Half of a character is refused with its own line, as other signs are that no text may hold.
        fields["questions"] = [_HALF.sub("\0", one) if isinstance(one, str) else one for one in asked]
    return _validate(BatchRequest, {"k": k, **fields})


def read_batch_form(*, k: int) -> tuple[BatchRequest, str]:
    """The questions of the page for many, one a line, and the form that the answers are wanted in."""
    fields = _read_pairs(_read_body(_FORM))
    lines = [line.strip() for line in fields.get("questions", "").splitlines() if line.strip()]
    if not lines:
        raise QuestionError("question_empty")
    asked = {"questions": lines, "k": k, "article": fields.get("article") or None}
    return _validate(BatchRequest, asked), fields.get("form", "page")


def read_refused() -> tuple[str, str]:
    """What a refused request says, to be read for an emergency: its address, and the first of its body; and
    the question in it, whatever it was, made safe to stand in the search box again.
    """
    posted = request.method == "POST"
    if posted and "body" not in g:
        request.max_content_length = None
        with suppress(OSError, HTTPException):  # whoever went away needs no answer
            g.body = request.stream.read(LONGEST)
    address, body = (raw.decode("utf-8", "replace") for raw in (request.query_string, g.get("body", b"")))
    pairs = parse_qsl((body if posted else address)[:LONGEST], keep_blank_values=True)
    typed = next((value for name, value in pairs if name == "q"), "")
    with suppress(ValueError, RecursionError):
        body = "\n".join(_texts_in(json.loads(body)))
    said = unquote_plus("\n".join(filter(None, (address.replace("q=", ""), body.removeprefix("q=")))))
    return said, "".join(" " if is_forbidden(character) else character for character in typed)


def _texts_in(payload: object) -> Iterator[str]:
    """Every text in a JSON value, whatever it is called."""
    if isinstance(payload, str):
        yield payload
    elif isinstance(payload, dict | list):
        for part in payload.values() if isinstance(payload, dict) else payload:
            yield from _texts_in(part)


def _read_pairs(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise QuestionError("bad_encoding") from None
    except ValueError:
        raise QuestionError("too_many_parameters") from None
    return _pairs_once(pairs)


def _read_body(mimetype: str) -> bytes:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != mimetype or charset != "utf-8" or "Content-Encoding" in request.headers:
        raise UnsupportedMediaType
    # Kept for the error page, which shows what was typed and tells an emergency.
    body = g.body = request.get_data(cache=False)
    if request.max_content_length is not None and len(body) >= request.max_content_length:
        raise RequestEntityTooLarge
    return body


def _read_json_object() -> dict[str, Any]:
    body = _read_body("application/json")
    try:
        # int raises ValueError for NaN and Infinity, which are no JSON.
        payload = json.loads(body.decode("utf-8"), object_pairs_hook=_pairs_once, parse_constant=int)
    except UnicodeDecodeError:
        raise QuestionError("bad_encoding") from None
    except (ValueError, RecursionError):
        raise QuestionError("bad_json") from None
    if not isinstance(payload, dict):
        raise QuestionError("bad_json")
    return payload


def _pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise QuestionError("duplicate_parameter")
    return fields


def _validate(model: type[_Model], fields: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        # Our words for the first thing that is wrong, without a word of what was sent.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        kind, place = first["type"], first["loc"]
        where = f"Question {place[1] + 1}: " if len(place) > 1 and isinstance(place[1], int) else ""
        if kind == "missing":
            raise QuestionError("question_empty") from None
        if kind == "extra_forbidden":
            raise QuestionError("unknown_parameter") from None
        if kind == "string_unicode":
            raise QuestionError("bad_encoding", where + REFUSALS["bad_encoding"]) from None
        raise QuestionError(f"bad_{place[0]}") from None
