"""The page over the real index: the questions it offers are answered, word for word."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.answering.answer import IndexAnswerer
from app.notices import EXAMPLES
from app.settings import Settings
from app.web import create_app
from tests.web.page import read_page, text_of


@pytest.fixture(scope="module")
def client(answerer: IndexAnswerer) -> FlaskClient:
    return create_app(Settings(_env_file=None), answerer).test_client()


@pytest.mark.parametrize("question", EXAMPLES)
def test_example_question_is_answered_with_slices_of_articles(
    client: FlaskClient, answerer: IndexAnswerer, question: str
) -> None:
    page = read_page(client.get("/", query_string={"q": question}))
    assert page.h1 == "What the articles say"
    assert page.passages()
    for id_, words in page.passages().items():
        passage = answerer.passage(id_)
        assert words == answerer.article(passage.article).text[passage.start : passage.end]


def test_shuddering_is_answered_by_the_passage_on_shuddering(client: FlaskClient) -> None:
    page = read_page(client.get("/", query_string={"q": "is shuddering dangerous?"}))
    assert "What is baby shudder syndrome?" in text_of(page.with_class("extract")[0])


def test_every_article_is_shown_whole(client: FlaskClient, answerer: IndexAnswerer) -> None:
    for article in answerer.articles():
        (body,) = read_page(client.get(f"/articles/{article.slug}")).with_class("article")
        assert text_of(body) == article.text


def test_answer_page_weighs_less_than_60_kilobytes(client: FlaskClient) -> None:
    sizes = [len(client.get("/", query_string={"q": question}).data) for question in EXAMPLES]
    assets = client.application.extensions["nightlight"].assets.values()
    assert max(sizes) + sum(len(client.get(address).data) for address in assets) < 60_000
