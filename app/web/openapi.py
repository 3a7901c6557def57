"""The OpenAPI document, made from the models that check requests and describe replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from pydantic import BaseModel

from app import __version__
from app.answering.replies import (
    AnswerReply,
    ArticleReply,
    ArticlesReply,
    BatchReply,
    PassageReply,
    VerificationReply,
)
from app.web.models import BatchRequest, ErrorReply, QuestionQuery, QuestionRequest, WithdrawnReply

Document = dict[str, Any]
_TITLE = "Nightlight"
_DESCRIPTION = (
    "Exact extracts from published articles about babies' movements, each with its source. "
    "Nothing is written, cut short or put in other words. Every reply, errors too, holds the notices."
)
_REFUSALS = {
    "400": "The question or k cannot be taken; the message says what to do.",
    "413": "The body is too large.",
    "415": "The body is not JSON in UTF-8, or it is compressed.",
    "429": "Too many questions from one address; Retry-After says when to come back.",
    "503": "No index is ready; Retry-After says when to come back.",
}


_Replies = Mapping[str, tuple[type[BaseModel], str]]


@dataclass(frozen=True, slots=True)
class _Operation:
    reply: type[BaseModel]
    says: str
    refusals: tuple[str, ...] = ("503",)
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    others: _Replies = field(default_factory=dict)


_NO_PASSAGE: _Replies = {
    "404": (ErrorReply, "There is no such passage."),
    "410": (WithdrawnReply, "The passage was withdrawn; what it said, while that is kept."),
}
_NO_ARTICLE: _Replies = {"404": (ErrorReply, "There is no such article.")}
_OPERATIONS = {
    "api.answer_query": _Operation(
        AnswerReply, "The answer.", refusals=("400", "429", "503"), query=QuestionQuery
    ),
    "api.answer_json": _Operation(
        AnswerReply, "The answer.", refusals=tuple(_REFUSALS), body=QuestionRequest
    ),
    "api.answer_batch": _Operation(
        BatchReply, "The answers, in order.", refusals=tuple(_REFUSALS), body=BatchRequest
    ),
    "api.show_passage": _Operation(PassageReply, "The passage.", others=_NO_PASSAGE),
    "api.verify_passage": _Operation(VerificationReply, "The proof.", others=_NO_PASSAGE),
    "api.list_articles": _Operation(ArticlesReply, "The articles."),
    "api.show_article": _Operation(ArticleReply, "The article.", others=_NO_ARTICLE),
}
_PARAMETERS = {
    "passage_id": "The id of a passage, as it stands in replies.",
    "slug": "The short name of an article, as it stands in replies.",
}


def build_document(app: Flask) -> Document:
    """The document of ``app``'s JSON interface."""
    # Imported when the document is first asked for: serving answers does not need it.
    from spectree import SpecTree

    tree = SpecTree(
        "flask",
        title=_TITLE,
        description=_DESCRIPTION,
        version=__version__,
        mode="strict",
        annotations=False,
        page_templates={},
        naming_strategy=lambda model: model.__name__,
        nested_naming_strategy=lambda _parent, child: child,
    )
    # A second application holds the described copies of the views, so that no request passes through them.
    described = Flask("document", static_folder=None)
    for rule in app.url_map.iter_rules():
        if rule.endpoint in _OPERATIONS:
            view = _describe(tree, _OPERATIONS[rule.endpoint], app.view_functions[rule.endpoint])
            described.add_url_rule(rule.rule, rule.endpoint, view, methods=(rule.methods or set()) - {"HEAD"})
    with described.app_context():
        document: Document = tree.spec
    return document


def list_operations(document: Document) -> Iterator[Document]:
    """What the readable page shows of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "fields": list(_fields(document, operation)),
                "responses": [
                    (status, response["description"])
                    for status, response in sorted(operation["responses"].items())
                ],
            }


def _describe(tree: Any, operation: _Operation, view: Any) -> Any:
    from spectree import Response

    replies = {
        "200": (operation.reply, operation.says),
        **{status: (ErrorReply, _REFUSALS[status]) for status in operation.refusals},
        **operation.others,
    }
    return tree.validate(
        query=operation.query,
        json=operation.body,
        resp=Response(**{f"HTTP_{status}": described for status, described in replies.items()}),
        validation_error_status=int(min(replies.keys() - {"200"})),
        path_parameter_descriptions=_PARAMETERS,
        operation_id=view.__name__,
        skip_validation=True,
    )(view)


def _fields(document: Document, operation: Document) -> Iterator[Document]:
    for parameter in operation["parameters"]:
        yield _field(parameter["name"], parameter["schema"], parameter["description"], parameter["required"])
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        model = document["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
        for name, schema in model["properties"].items():
            yield _field(name, schema, schema.get("description", ""), name in model.get("required", ()))


def _field(name: str, schema: Document, description: str, required: bool) -> Document:
    kind = schema.get("type", "")
    if kind == "array":
        kind = f"list of {schema['items'].get('type', 'objects')}s"
    return {"name": name, "type": kind, "description": description, "required": required}
