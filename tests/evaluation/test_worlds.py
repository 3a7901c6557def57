from __future__ import annotations

from pathlib import Path

import pytest

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.errors import QuestionsError
from app.evaluation.questions import check_quotes
from app.evaluation.worlds import (
    ARTICLES,
    GENERAL,
    ask_misses,
    ask_passages,
    read_material,
    sample_worlds,
    write_corpus,
)
from app.settings import ROOT

FOLDER = ROOT / "tests" / "questions" / "worlds"
MATERIAL = read_material(FOLDER / ARTICLES)


def test_no_article_and_no_text_is_in_two_parts() -> None:
    parts: dict[str, set[str]] = {}
    for material in (*MATERIAL, *read_material(FOLDER / GENERAL)):
        for key in (material.slug, material.title, *(section.text for section in material.passages)):
            parts.setdefault(key, set()).add(material.part)
    assert {key for key, found in parts.items() if len(found) > 1} == set()


def test_world_is_a_corpus_whose_passages_are_its_sections(tmp_path: Path) -> None:
    chosen = MATERIAL[:5]
    write_corpus(tmp_path, chosen)
    articles = {article.slug: article for article in read_corpus(tmp_path)}
    for material in chosen:
        cut = [(passage.section, passage.text) for passage in cut_article(articles[material.slug])]
        assert cut == [((section.heading,), section.text.strip()) for section in material.passages]
    questions = ask_passages(chosen)
    check_quotes(tmp_path, questions, {slug: article.text for slug, article in articles.items()})
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
        assert len(unanswerable) == len(ask_passages(world.absent)) + len(ask_misses(world.asked))


def test_same_seed_gives_the_same_worlds() -> None:
    assert sample_worlds(MATERIAL, "test", 5, 2) == sample_worlds(MATERIAL, "test", 5, 2)
    assert sample_worlds(MATERIAL, "test", 5, 2) != sample_worlds(MATERIAL, "test", 5, 2, seed=1)


def test_faulty_material_names_the_file(tmp_path: Path) -> None:
    (tmp_path / ARTICLES).write_text('{"topic": "colic"}\n', "utf-8")
    with pytest.raises(QuestionsError, match=ARTICLES):
        read_material(tmp_path / ARTICLES)
