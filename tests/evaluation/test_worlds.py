from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.errors import CorpusError
from app.evaluation.worlds import (
    ARTICLES,
    ASKED,
    GENERAL,
    JUDGED,
    WRITTEN,
    World,
    read_judged,
    read_material,
    sample_worlds,
    write_corpus,
)
from app.settings import ROOT

FOLDER = ROOT / "tests" / "questions" / "worlds"
MATERIAL = read_material(FOLDER / ARTICLES)
ANSWERS = read_judged(FOLDER / JUDGED, MATERIAL)


def test_no_article_and_no_text_is_in_two_parts() -> None:
    parts: dict[str, set[str]] = {}
    for material in (*MATERIAL, *read_material(FOLDER / GENERAL), *read_material(FOLDER / WRITTEN)):
        for key in (material.slug, material.title, *(section.text for section in material.passages)):
            parts.setdefault(key, set()).add(material.part)
    assert {key for key, found in parts.items() if len(found) > 1} == set()


def test_further_questions_are_of_passages_to_train_on() -> None:
    trained = {f"{m.slug}/{place}" for m in MATERIAL if m.part == "train" for place in range(len(m.passages))}
    lines = (FOLDER / ASKED).read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} <= trained


def test_world_is_a_corpus_whose_passages_are_its_sections(tmp_path: Path) -> None:
    chosen = MATERIAL[:5]
    write_corpus(tmp_path, chosen)
    articles = {article.slug: article for article in read_corpus(tmp_path)}
    for material in chosen:
        cut = [(passage.section, passage.text) for passage in cut_article(articles[material.slug])]
        assert cut == [((section.heading,), section.text.strip()) for section in material.passages]
    questions = [one for one in World(chosen, (), ()).questions() if one.kind == "answerable"]
    golds = [gold for question in questions for gold in question.relevant]
    assert all(articles[gold.article].text.count(gold.quote) == 1 for gold in golds)
    assert len(questions) == 4 * sum(len(material.passages) for material in chosen)


@pytest.mark.parametrize("size", [5, 45, 150])
def test_worlds_ask_about_their_part_alone_and_half_of_it_is_left_out(size: int) -> None:
    for world in sample_worlds(MATERIAL, "test", size, 3):
        assert len(world.asked) + len(world.filler) == size
        assert {m.part for m in (*world.asked, *world.absent)} == {"test"}
        assert "test" not in {m.part for m in world.filler}
        slugs = [m.slug for m in (*world.asked, *world.absent, *world.filler)]
        assert len(set(slugs)) == len(slugs)
        unanswerable = [q for q in world.questions() if q.kind == "unanswerable"]
        left_out = sum(len(section.questions) for material in world.absent for section in material.passages)
        assert len(unanswerable) == left_out + sum(len(material.misses) for material in world.asked)


def test_judged_are_questions_of_the_material_and_never_of_what_is_trained_on() -> None:
    parts = {
        question.id: material.part
        for material in MATERIAL
        for question in World((material,), (), ()).questions()
    }
    assert {parts[name] for name in ANSWERS} == {"validation", "test"}
    for name, golds in ANSWERS.items():
        assert name.startswith("miss/") or name.split("/")[0] in {gold.article for gold in golds}


def test_what_another_article_answers_is_answerable_where_that_article_is() -> None:
    name, neighbour = next(
        (name, gold.article)
        for name, golds in ANSWERS.items()
        for gold in golds
        if not name.startswith(("miss/", f"{gold.article}/"))
    )
    by_slug = {material.slug: material for material in MATERIAL}
    own, other = by_slug[name.split("/")[0]], by_slug[neighbour]
    for filler, kind in (((), "unanswerable"), ((other,), "answerable")):
        asked = {question.id: question for question in World((), (own,), filler).questions(ANSWERS)}
        assert asked[f"absent/{name}"].kind == kind
        assert {gold.article for gold in asked[f"absent/{name}"].relevant} == {m.slug for m in filler}
        assert set(asked) <= {f"absent/{one}" for one in ANSWERS}


def test_faulty_judgements_name_the_file(tmp_path: Path) -> None:
    (tmp_path / JUDGED).write_text('{"id": "a/0/0", "answers": {"no-such-article/0": 3}}\n', "utf-8")
    with pytest.raises(CorpusError, match=JUDGED):
        read_judged(tmp_path / JUDGED, MATERIAL)


def test_same_seed_gives_the_same_worlds() -> None:
    assert sample_worlds(MATERIAL, "test", 5, 2) == sample_worlds(MATERIAL, "test", 5, 2)
    assert sample_worlds(MATERIAL, "test", 5, 2) != sample_worlds(MATERIAL, "test", 5, 2, seed=1)


def test_faulty_material_names_the_file(tmp_path: Path) -> None:
    (tmp_path / ARTICLES).write_text('{"topic": "colic"}\n', "utf-8")
    with pytest.raises(CorpusError, match=ARTICLES):
        read_material(tmp_path / ARTICLES)
