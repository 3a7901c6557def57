"""The shards of a generation, asked as one, answer as the whole does; in this process, without Ray."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.answering.opening import answer_from
from app.cluster.shards import Shard, ShardedRetriever, cut_generation
from app.errors import BuildError, DamagedGeneration, NoGeneration
from app.evaluation.questions import read_questions
from app.index.build import annotate, build_generation
from app.index.generation import LAYOUT, MANIFEST, SHARD_FILES, Generation, name_shard
from app.index.model import Model
from app.index.opened import audit
from app.index.publish import building, list_names, open_generation, publish, roll_back
from app.index.retriever import PROPOSED, Asked
from app.index.store import Store
from app.index.vectors import choose_kind
from app.records import Answer, Match
from app.settings import ROOT, Settings

pytestmark = pytest.mark.builds

QUESTIONS = [
    one.question
    for name in ("dev", "heldout")
    for one in read_questions(ROOT / "tests" / "questions" / f"{name}.jsonl")
]


class Here:
    """Carries calls to shards in this process."""

    def __init__(self, generation: Generation) -> None:
        self._name = generation.name
        self._shards = [Shard(generation, n) for n in range(len(generation.manifest.shards) - 1)]

    def call(self, method: str, requests: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        return {n: getattr(self._shards[n], method)(self._name, *request) for n, request in requests.items()}


def cut_copy(answerer: IndexAnswerer, folder: Path, count: int) -> IndexAnswerer:
    """The same generation, but passages are looked for in so many shards of it."""
    shutil.copytree(answerer.index.generation.folder, folder)
    cut_generation(folder, count)
    generation = Generation.open(folder)
    return IndexAnswerer(answerer.index, ShardedRetriever(generation.manifest.shards, Here(generation).call))


def describe(answer: Answer) -> object:
    """All that a reader sees of it but the confidence."""

    def show(matches: tuple[Match, ...]) -> list[object]:
        return [(match.passage, match.highlights) for match in matches]

    shown = [show(matches) for matches in (answer.matches, answer.closest, answer.help)]
    return answer.outcome, answer.urgency, answer.suggestion, shown


EVERY = [pytest.param(count, 1, marks=pytest.mark.thorough) for count in (1, 2, 4, 7)]


@pytest.mark.parametrize(("count", "step"), [(4, 6), *EVERY])
def test_shards_answer_as_the_whole_does(
    answerer: IndexAnswerer, tmp_path: Path, count: int, step: int
) -> None:
    cut = cut_copy(answerer, tmp_path / "cut", count)
    article = answerer.articles()[1].slug
    asked = [(question, None) for question in QUESTIONS[::step]]
    for question, inside in [*asked, *[(question, article) for question in QUESTIONS[:: 10 * step]]]:
        one, other = (each.answer(question, 5, inside) for each in (answerer, cut))
        assert describe(other) == describe(one), question
        assert other.confidence == pytest.approx(one.confidence, abs=1e-5), question


@pytest.fixture(scope="module")
def crowded(answerer: IndexAnswerer, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every article three times, one of them in another language: each passage is as good as two others."""
    folder = tmp_path_factory.mktemp("crowded")
    articles = [
        replace(article, slug=f"{article.slug}-{number}", language="de" if number == 1 else "en")
        for number in range(3)
        for article in answerer.articles()
    ]
    build_generation(articles, folder, Model.load(settings.model), previous=(answerer.index.generation,))
    annotate(folder, extra=answerer.index.generation.manifest.extra)
    return folder


@pytest.mark.parametrize(("count", "step"), [(7, 24), *EVERY])
def test_equal_passages_of_several_articles_come_in_the_order_of_one_machine(
    crowded: Path, settings: Settings, tmp_path: Path, count: int, step: int
) -> None:
    whole = answer_from(Generation.open(crowded), settings)
    assert len(whole.index.passages) > 2 * PROPOSED
    article = whole.articles()[-1].slug
    cut = cut_copy(whole, tmp_path / "cut", count)
    for question in QUESTIONS[::step]:
        one, other = whole.answer(question), cut.answer(question)
        assert describe(other) == describe(one), question
        assert other.confidence == one.confidence
    one, other = (each.answer(QUESTIONS[0], 5, article) for each in (whole, cut))
    assert describe(other) == describe(one)
    whole.close()


def test_every_passage_scores_the_same_in_whichever_shard(answerer: IndexAnswerer, tmp_path: Path) -> None:
    whole = answerer.search.rank("can cold air make legs jump")
    for count in (2, 7):
        ranking = cut_copy(answerer, tmp_path / str(count), count).search.rank("can cold air make legs jump")
        assert ranking.rows.tolist() == whole.rows.tolist()
        for name in ("scores", "passages", "sentences", "lexical", "late", "tokens", "vectors"):
            np.testing.assert_allclose(getattr(ranking, name), getattr(whole, name), atol=1e-6, err_msg=name)
        assert (ranking.held == whole.held).all()
        assert ranking.lexical.tolist() == whole.lexical.tolist()


def test_nothing_is_compared_as_on_one_machine(answerer: IndexAnswerer, tmp_path: Path) -> None:
    cut = cut_copy(answerer, tmp_path / "cut", 3)
    encoding = answerer.search.rank("is shuddering dangerous?").encoding
    asked = Asked(encoding.vector, encoding.tokens, (), ((), ()))
    nothing = np.empty(0, dtype=np.int64)
    one, other = (each.search.retriever.compare(asked, nothing) for each in (answerer, cut))
    assert [part.shape for part in other] == [part.shape for part in one]


def test_shards_are_published_verified_and_rolled_back_with_the_whole(own_settings: Settings) -> None:
    index = own_settings.index_dir
    with open_generation(index) as current, building(index) as folder:
        before, whole = current.name, current.folder
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        cut_generation(folder, 3)
        name = publish(index, folder)
    with open_generation(index) as current:
        assert current.name == name
        stored = Store(current.path(LAYOUT.store)).articles()
        assert list(audit(current, stored)) == []
        damaged = current.folder / name_shard(1, LAYOUT.tokens)
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x55")
        with pytest.raises(DamagedGeneration, match=r"1/tokens\.int8"):
            current.verify()
        assert any("1/tokens.int8" in fault for fault in audit(current, stored))
        with pytest.raises(DamagedGeneration, match=r"1/tokens\.int8"):
            Shard(current, 1)
        Shard(current, 0)
        (current.folder / "shards" / "stray").write_text("")
        assert any("shards/stray does not belong" in fault for fault in audit(current, stored))
    assert roll_back(index, before) == before
    assert set(list_names(index)) == {name, before}


def test_shard_answers_for_its_own_generation_alone(answerer: IndexAnswerer, tmp_path: Path) -> None:
    shutil.copytree(answerer.index.generation.folder, tmp_path / "cut")
    cut_generation(tmp_path / "cut", 2)
    shard = Shard(Generation.open(tmp_path / "cut"), 1)
    vector = np.zeros(answerer.index.passages.dimension, dtype=np.float32)
    with pytest.raises(NoGeneration, match="not of another"):
        shard.cosines("another", vector, np.array([50]))


def test_shard_needs_its_own_files_alone(answerer: IndexAnswerer, tmp_path: Path) -> None:
    whole, alone = tmp_path / "cut", tmp_path / "alone"
    shutil.copytree(answerer.index.generation.folder, whole)
    cut_generation(whole, 3)
    (alone / "shards").mkdir(parents=True)
    shutil.copytree(whole / "shards" / "2", alone / "shards" / "2")
    for name in (MANIFEST, LAYOUT.token_projection):
        shutil.copy(whole / name, alone)
    generation = Generation.open(alone)
    shard = Shard(generation, 2)
    rows = np.arange(*generation.manifest.shards[2:])
    ranking = answerer.search.rank("is shuddering dangerous?")
    vector = ranking.encoding.vector
    wanted = answerer.index.passages.cosines(vector, rows)
    np.testing.assert_allclose(shard.cosines(generation.name, vector, rows), wanted, atol=1e-6)


@pytest.mark.parametrize("count", [0, 90])
def test_more_shards_than_passages_are_refused(answerer: IndexAnswerer, tmp_path: Path, count: int) -> None:
    shutil.copytree(answerer.index.generation.folder, tmp_path / "cut")
    with pytest.raises(BuildError, match="cannot be divided"):
        cut_generation(tmp_path / "cut", count)
    with Generation.open(tmp_path / "cut") as generation:
        assert generation.manifest.shards == []


def test_part_of_a_large_whole_keeps_its_precision_and_finds_lists_enough() -> None:
    assert choose_kind(500, whole=9_000) == choose_kind(500) == "IDMap,Flat"
    assert choose_kind(500, whole=20_000, searched=False) == "SQfp16"
    assert [choose_kind(count, whole=20_000) for count in (1, 5, 500, 20_000)] == [
        "IVF1,SQfp16",
        "IVF4,SQfp16",
        "IVF64,SQfp16",
        "IVF512,SQfp16",
    ]


def test_every_file_of_a_shard_is_sealed(answerer: IndexAnswerer, tmp_path: Path) -> None:
    shutil.copytree(answerer.index.generation.folder, tmp_path / "cut")
    manifest = cut_generation(tmp_path / "cut", 2)
    for number in range(2):
        names = {path.name for path in (tmp_path / "cut" / "shards" / str(number)).iterdir()}
        assert names == set(SHARD_FILES)
        assert {name_shard(number, name) for name in names} <= set(manifest.files)
