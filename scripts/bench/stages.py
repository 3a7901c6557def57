"""One question in this process: the whole of it, and each stage alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import onnxruntime
from flask import Response

from app.answering.answer import IndexAnswerer
from app.answering.triage import triage
from app.index.generation import LAYOUT
from app.index.lexical import list_content_words
from app.index.retriever import PROPOSED
from app.records import Answer
from app.settings import Settings
from app.web import create_app
from app.web.site import SITE
from bench.figures import Spread, interleave, time_call

Call = Callable[[str], object]


class Prepared(IndexAnswerer):
    """An answerer whose answers are ready, so that only rendering is measured."""

    def __init__(self, answerer: IndexAnswerer, questions: Sequence[str]) -> None:
        super().__init__(answerer.index)
        self._answers = {question: answerer.answer(question) for question in questions}

    def answer(self, question: str, k: int = 5, article: str | None = None) -> Answer:  # noqa: ARG002
        """What was answered before."""
        return self._answers[question]


def measure_stages(answerer: IndexAnswerer, questions: Sequence[str]) -> dict[str, Spread]:
    """Milliseconds of every stage, each called as the answerer calls it."""
    index = answerer.index
    rankings = {question: answerer.search.rank(question) for question in questions}

    def search_vectors(question: str) -> None:
        vector = rankings[question].encoding.vector
        proposed, _ = index.passages.search(vector, PROPOSED)
        if len(proposed) < len(index.passages) and index.sentences.searched:
            index.sentences.search(vector, PROPOSED)

    def search_words(question: str) -> None:
        terms = index.lexical.terms_of(list_content_words(question))
        index.retriever.postings.search(terms, PROPOSED)

    def compare_tokens(question: str) -> None:
        ranking = rankings[question]
        index.tokens.best_cosines(ranking.encoding.tokens, ranking.rows)

    rendered: list[float] = []
    calls: dict[str, Call] = {
        "ONNX Runtime alone": _run_alone(answerer, questions),
        "encode": index.encoder.encode,
        "dense search": search_vectors,
        "lexical search": search_words,
        "late interaction": compare_tokens,
        "urgency": lambda question: triage(question, index.urgency_encoder),
        "confidence": lambda question: answerer.judge(rankings[question]),
        "answer, everything on": answerer.answer,
        "page, a whole request": _request_page(answerer, questions, rendered),
    }
    with redirect_stderr(
        StringIO()
    ):  # the log's line is written, and costs what it costs, but nobody reads it
        return {**interleave(calls, questions), "of that rendering": Spread.of(rendered)}


def _run_alone(answerer: IndexAnswerer, questions: Sequence[str]) -> Call:
    """The model on a question's tokens, and nothing else."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = answerer.index.generation.read(LAYOUT.encoder)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    ids = {question: answerer.index.encoder.encode(question).ids[None, :] for question in questions}
    feeds = {question: {"input_ids": i, "attention_mask": np.ones_like(i)} for question, i in ids.items()}
    return lambda question: session.run(None, feeds[question])


def _request_page(answerer: IndexAnswerer, questions: Sequence[str], rendered: list[float]) -> Call:
    """A request's way through Flask to a whole page, without the answering; notes how long rendering took."""
    settings = Settings(_env_file=None, rate_limit="1000000 per second")
    app = create_app(settings, Prepared(answerer, questions))
    site = app.extensions[SITE]
    render = site.render

    def render_timed(template: str, **values: object) -> Response:
        pages: list[Response] = []
        rendered.append(time_call(lambda: pages.append(render(template, **values))))
        return pages[0]

    site.render = render_timed
    client = app.test_client()
    return lambda question: client.get("/", query_string={"q": question})
