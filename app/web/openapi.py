"""The OpenAPI document, made from the models that check requests and describe replies."""

from __future__ import annotations

from collections.abc import Mapping
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
    ErrorReply,
    PassageReply,
    VerificationReply,
    WithdrawnReply,
)
from app.web.reading import BatchRequest, QuestionQuery, QuestionRequest

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
    refusals: tuple[str, ...] = ("429", "503")
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
        AnswerReply,
        "The answer.",
        refusals=("400", "429", "503"),
        query=QuestionQuery,
        others=_NO_ARTICLE,
    ),
    "api.answer_json": _Operation(
        AnswerReply, "The answer.", refusals=tuple(_REFUSALS), body=QuestionRequest, others=_NO_ARTICLE
    ),
    "api.answer_batch": _Operation(
        BatchReply, "The answers, in order.", refusals=tuple(_REFUSALS), body=BatchRequest, others=_NO_ARTICLE
    ),
    "api.show_passage": _Operation(PassageReply, "The passage.", others=_NO_PASSAGE),
    "api.verify_passage": _Operation(VerificationReply, "The proof.", others=_NO_PASSAGE),
    "api.list_articles": _Operation(ArticlesReply, "The articles."),
    "api.show_article": _Operation(ArticleReply, "The article.", others=_NO_ARTICLE),
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "date": "date, YYYY-MM-DD",
}
_LIMITS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "of them"),
)
_PARAMETERS = {
    "passage_id": "The id of a passage, as it stands in replies.",
    "slug": "The short name of an article, as it stands in replies.",
}


def build_document(app: Flask) -> Document:
    """The document of ``app``'s JSON interface."""
    # Imported when the document is first asked for: serving answers does not need it.
    from spectree import Response, SpecTree

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
        if operation := _OPERATIONS.get(rule.endpoint):
            replies = {
                "200": (operation.reply, operation.says),
                **{status: (ErrorReply, _REFUSALS[status]) for status in operation.refusals},
                **operation.others,
            }
            view = app.view_functions[rule.endpoint]
            copy = tree.validate(
                query=operation.query,
                json=operation.body,
                resp=Response(**{f"HTTP_{status}": said for status, said in replies.items()}),
                validation_error_status=int(min(replies.keys() - {"200"})),
                path_parameter_descriptions=_PARAMETERS,
                operation_id=view.__name__,
                skip_validation=True,
            )(view)
            described.add_url_rule(rule.rule, rule.endpoint, copy, methods=(rule.methods or set()) - {"HEAD"})
    with described.app_context():
        document: Document = tree.spec
    return document


def explain_document(document: Document) -> tuple[list[Document], list[Document]]:
    """What the readable page shows of each operation, and of every form that replies are made of."""
    schemas, operations = document["components"]["schemas"], []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            fields = [_field(one["name"], one["schema"], one["required"]) for one in operation["parameters"]]
            for media in operation.get("requestBody", {}).get("content", {}).values():
                fields += _list_fields(schemas[_name_form(media["schema"])])
            (reply,) = operation["responses"]["200"]["content"].values()
            responses = sorted(operation["responses"].items())
            operations.append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "fields": fields,
                    "reply": _name_form(reply["schema"]),
                    "responses": [(status, response["description"]) for status, response in responses],
                }
            )
    forms = [
        {"name": name, "summary": schema.get("description", ""), "fields": _list_fields(schema)}
        for name, schema in sorted(schemas.items())
        if not name.endswith(("Request", "Query"))
    ]
    return operations, forms


def _list_fields(form: Document) -> list[Document]:
    required = form.get("required", ())
    return [_field(name, schema, name in required) for name, schema in form.get("properties", {}).items()]


def _field(name: str, schema: Document, required: bool) -> Document:
    limits = [f"default {schema['default']}"] if schema.get("default") is not None else []
    for low, high, unit in _LIMITS:
        if low in schema or high in schema:
            limits.append(f"{schema.get(low, 0):,} to {schema.get(high, 'any number')} {unit}".strip())
    return {
        "name": name,
        "type": _say_type(schema),
        "form": _name_form(schema),
        "limits": ", ".join(limits),
        "description": schema.get("description", ""),
        "required": required,
    }


def _name_form(schema: Document) -> str:
    """The form that a value, or one of a list, has; empty for a plain value."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    return next(filter(None, map(_name_form, inner)), "")


def _say_type(schema: Document) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_say_type, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_say_type(schema['items']) if 'items' in schema else 'two whole numbers'}"
    return _name_form(schema) or _TYPES[schema.get("format") or schema["type"]]
