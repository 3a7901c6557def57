"""A hundred articles, far more passages than each retriever proposes: shards answer as the whole does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.answering.answer import IndexAnswerer
from app.evaluation.worlds import ARTICLES, World, read_material, sample_worlds
from app.index.retriever import PROPOSED
from app.settings import ROOT, Settings
from fit_confidence import build_world
from tests.cluster.test_shards import cut_copy, describe

pytestmark = pytest.mark.slow

ASKED = 120


@pytest.fixture(scope="module")
def world() -> World:
    materials = read_material(ROOT / "tests" / "questions" / "worlds" / ARTICLES)
    return sample_worlds(materials, "test", 100, 1)[0]


@pytest.fixture(scope="module")
def whole(
    world: World, built_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IndexAnswerer]:
    folder = tmp_path_factory.mktemp("world")
    index = build_world((*world.asked, *world.filler), folder, built_settings, built_settings.index_dir)
    yield IndexAnswerer(index)
    index.close()


def test_shards_of_a_hundred_articles_answer_as_the_whole_does(
    world: World, whole: IndexAnswerer, tmp_path: Path
) -> None:
    assert len(whole.index.passages) > 4 * PROPOSED
    questions = world.questions()
    questions = questions[:: max(1, len(questions) // ASKED)]
    wanted = [whole.answer(question.question) for question in questions]
    assert {answer.outcome for answer in wanted} == {"answered", "closest", "none"}
    for count in (1, 2, 4, 7):
        cut = cut_copy(whole, tmp_path / str(count), count)
        for question, one in zip(questions, wanted, strict=True):
            other = cut.answer(question.question)
            assert describe(other) == describe(one), (count, question.id)
            assert other.confidence == pytest.approx(one.confidence, abs=1e-5), (count, question.id)
