"""The one index that tests with the real model share, built once a session from the real corpus."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.corpus.catalog import read_corpus
from app.evaluation.release import examine
from app.index.build import build_generation
from app.index.model import Model
from app.index.publish import building, open_previous, publish
from app.settings import Settings
from tests.articles import copy_five
from tests.generations import copy_settings, load_model, name_folders

KEPT_INDEX = "NIGHTLIGHT_TESTS_INDEX"
"""Names a folder whose index many runs share (scripts/test.py); without it each run builds its own."""

# The same examples in every run, so that a failure is the change's own; `make fuzz` and NIGHTLIGHT_RANDOM=1
# look for others.
hypothesis_settings.register_profile("same", derandomize=True)
if not os.environ.get("NIGHTLIGHT_RANDOM"):
    hypothesis_settings.load_profile("same")


# Programs that a test interrupts inherit what was done with SIGINT here: of a job in the background, nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def built_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """Settings of a freshly built index of the five articles; do not change its folder."""
    own = tmp_path_factory.getbasetemp()
    meeting = own if worker_id == "master" else own.parent  # where the session's processes meet
    shared = Path(os.environ.get(KEPT_INDEX, meeting))
    shared.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        _env_file=None, corpus_dir=shared / "five-articles", index_dir=shared / "shared-index"
    )
    with (shared / "building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first builds, the others wait for it
        if not open_previous(settings.index_dir):
            copy_five(settings.corpus_dir)
            build_index(settings, shared / "questions")
    return settings


def build_index(settings: Settings, questions: Path) -> None:
    """Build, measure by the development questions alone (others take three times as long as all else here),
    and publish.
    """
    questions.mkdir(exist_ok=True)
    for name in ("dev.jsonl", "pinned.jsonl"):
        shutil.copy(settings.questions_dir / name, questions)
    articles = read_corpus(settings.corpus_dir)
    with building(settings.index_dir) as folder:
        build_generation(articles, folder, load_model(settings.model))
        examine(folder, settings.model_copy(update={"questions_dir": questions}), None)
        publish(settings.index_dir, folder)


LONGER = ("processes", "browser", "clean", "thorough", "slow", "faults", "cluster")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what needs the model: the process that begins here has loaded it for the index already, and the
    other begins in the middle. Quick tests before the browser's: who broke something sees it soon. Then the
    longest, for no process should begin one when the others are done.
    """

    def choose_place(item: pytest.Item) -> int:
        longer = any(item.get_closest_marker(name) for name in LONGER)
        names: list[str] = getattr(item, "fixturenames", [])
        order = ("model" in names, not longer and "built_settings" in names, not longer)
        if True in order:
            return order.index(True)
        return 3 if item.get_closest_marker("clean") else 4

    items.sort(key=choose_place)


@pytest.fixture(scope="session")
def model(built_settings: Settings) -> Model:
    """The one that the shared index was built with, loaded and exported, for tests that encode."""
    model = load_model(built_settings.model)
    next(model.encode(["babies"]))
    return model


@pytest.fixture(scope="session")
def settings(built_settings: Settings) -> Settings:
    """The same; folders of tests that need no index have settings of their own under this name."""
    return built_settings


@pytest.fixture(scope="session")
def answerer(settings: Settings) -> Iterator[IndexAnswerer]:
    """Answers from the shared index."""
    opened = open_answerer(settings)
    yield opened
    opened.close()


@pytest.fixture
def own_settings(built_settings: Settings, tmp_path: Path) -> Settings:
    """A copy of the shared index and of the corpus that a test may change."""
    return copy_settings(built_settings, tmp_path)


@pytest.fixture
def environment(own_settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment in which a script sees the copies of ``own_settings``, and no evaluation questions."""
    return name_folders(own_settings, tmp_path / "no-questions")
