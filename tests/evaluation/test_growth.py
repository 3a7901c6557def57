"""Other articles beside the five: the whole chain, from the texts to the answers and the gate."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.answering.search import Search
from app.evaluation.measures import ask_all, confidence_pairs, measure_auroc, summarise
from app.evaluation.questions import read_questions
from app.evaluation.worlds import ARTICLES, Material, World, read_material, write_corpus
from app.index.retriever import PROPOSED
from app.settings import ROOT, Settings
from tests.generations import copy_settings, name_folders

pytestmark = pytest.mark.thorough

QUESTIONS = ROOT / "tests" / "questions"
ADDED = 6
SUCCESS_AT_3, WRONGLY_REFUSED, AUROC, REFUSED = 0.8, 0.12, 0.75, 0.3
"""Floors of quality, a little below what is reached."""


@pytest.fixture(scope="module")
def added() -> tuple[Material, ...]:
    """Articles that no fit has seen; two more are left out, to be asked about all the same."""
    materials = read_material(QUESTIONS / "worlds" / ARTICLES)
    return tuple(material for material in materials if material.part == "test")[: ADDED + 2]


@pytest.fixture(scope="module")
def grown(
    built_settings: Settings, added: tuple[Material, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, str]:
    """The five are published, others are added, and the corpus is published as a maintainer does it."""
    settings = copy_settings(built_settings, tmp_path_factory.mktemp("grown"))
    write_corpus(settings.corpus_dir, added[:ADDED])
    environment = name_folders(settings, QUESTIONS)
    command = [sys.executable, str(ROOT / "scripts" / "reindex.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return settings, done.stdout


@pytest.fixture(scope="module")
def answerer(grown: tuple[Settings, str]) -> Iterator[IndexAnswerer]:
    """Answers from all these articles."""
    opened = open_answerer(grown[0])
    yield opened
    opened.close()


def test_gate_lets_new_articles_pass_and_says_how_they_are_found(
    grown: tuple[Settings, str], added: tuple[Material, ...]
) -> None:
    _, output = grown
    assert "The gate objects" not in output
    told = [line for line in output.splitlines() if line.startswith("New: ")]
    assert len(told) == ADDED
    assert {line.split("”")[0].removeprefix("New: “") for line in told} == {
        one.title for one in added[:ADDED]
    }
    assert "Published" in output


def test_labels_that_other_articles_may_have_made_wrong_are_not_counted(answerer: IndexAnswerer) -> None:
    figures = summarise(ask_all(answerer, read_questions(QUESTIONS / "dev.jsonl")))
    assert "refused" not in figures
    assert figures["success@3"] > 0.85
    assert figures["wrongly refused"] < 0.1


def test_candidates_are_proposed_among_more_passages_than_all(answerer: IndexAnswerer) -> None:
    """Each retriever proposes its best alone, and the best of all is still the best."""
    assert len(answerer.index.passages) > PROPOSED
    every = Search(answerer.index, rescored=len(answerer.index.passages))
    for question in ("is shuddering dangerous?", "can cold air make her legs jump?"):
        found, wanted = answerer.search.rank(question), every.rank(question)
        assert found.rows[0] == wanted.rows[0]
        assert found.scores[:3].tolist() == pytest.approx(wanted.scores[:3].tolist(), abs=1e-5)


def test_new_articles_are_answered_from_and_left_out_ones_are_told_apart(
    answerer: IndexAnswerer, added: tuple[Material, ...]
) -> None:
    judged = ask_all(answerer, World(added[:ADDED], added[ADDED:], ()).questions())
    figures = summarise(judged)
    assert figures["success@3"] > SUCCESS_AT_3
    assert figures["wrongly refused"] < WRONGLY_REFUSED
    assert measure_auroc(*confidence_pairs(judged)) > AUROC
    assert figures["refused"] > REFUSED
