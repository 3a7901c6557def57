"""What is asked of a new article, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

from app.answering.answer import IndexAnswerer
from app.corpus.passages import cut_article
from app.errors import QuestionError
from app.evaluation.findability import Findability
from tests.articles import read_five


def test_headings_that_ask_are_asked_and_others_get_the_topic() -> None:
    text = "# Colic: what helps\n\nWords.\n\n## Is it colic?\n\nYes.\n\n## 2. Signs of it\n\nCrying.\n"
    article = replace(read_five()[0], slug="colic", title="Colic: what helps", text=text)

    class Deaf:
        """Takes no question."""

        def passages_of(self, _slug: str) -> object:
            return cut_article(article)

        def answer(self, _question: str) -> object:
            raise QuestionError("question_too_long")

    found = Findability.of(Deaf(), article)  # type: ignore[arg-type]
    assert found == Findability("Colic: what helps", 2, 0, 0, ("Is it colic?", "Signs of it: Colic"))


def test_article_is_described_and_objected_to_when_most_of_its_questions_do_not_find_it() -> None:
    found = Findability("Colic", asked=4, answered=3, first=1, lost=("one?", "two?"))
    assert found.describe() == (
        "“Colic”, asked what its own 4 headings ask: 3 answered, 1 of them with that section first"
    )
    assert found.object() is None
    lost = replace(found, lost=("one?", "two?", "three?"))
    assert lost.object() == (
        "the article “Colic” cannot be found: 3 of the 4 questions that its own headings ask find nothing of "
        "it, among them “one?”"
    )


def test_published_articles_are_found_by_their_own_headings(answerer: IndexAnswerer) -> None:
    for article in answerer.articles():
        assert Findability.of(answerer, article).object() is None


def test_article_that_every_answer_leaves_out_is_objected_to(answerer: IndexAnswerer) -> None:
    """Its headings are asked where its words are not."""
    article = answerer.articles()[0]
    stranger = replace(article, title="Sourdough bread at home")

    class Elsewhere:
        """The same answers, and other headings."""

        def passages_of(self, slug: str) -> object:
            return [
                replace(passage, section=(f"Feeding the starter, part {place}",))
                for place, passage in enumerate(answerer.passages_of(slug))
            ]

        answer = staticmethod(answerer.answer)

    found = Findability.of(Elsewhere(), stranger)  # type: ignore[arg-type]
    assert found.object() is not None
    assert found.first == 0
