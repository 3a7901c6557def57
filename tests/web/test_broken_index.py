"""Whatever lies in the index: an older sound generation serves, or a 503 with the card that says why."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.answering.opening import open_answerer
from app.index.publish import list_names
from app.notices import EMERGENCY_SIGNS
from app.settings import Settings
from app.web import create_app
from app.web.reload import Current, Watcher
from tests.generations import publish_again
from tests.index.broken import BROKEN, NONE_LEFT, find_current

pytestmark = pytest.mark.builds

QUESTION = "/?q=is+shuddering+dangerous"


@pytest.fixture(scope="module")
def two(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two generations."""
    index = tmp_path_factory.mktemp("two") / "index"
    shutil.copytree(built_settings.index_dir, index)
    publish_again(built_settings.model_copy(update={"index_dir": index}))
    return index


def open_client(index: Path) -> FlaskClient:
    return create_app(Settings(_env_file=None, index_dir=index)).test_client()


@pytest.mark.parametrize("kind", BROKEN)
def test_older_sound_generation_serves_whatever_is_wrong_with_the_newest(
    two: Path, tmp_path: Path, kind: str
) -> None:
    index, current = shutil.copytree(two, tmp_path / "index", copy_function=os.link), Current()
    older = list_names(index)[1]
    BROKEN[kind](index)
    Watcher(Settings(_env_file=None, index_dir=index), current).look()
    assert current.degraded
    assert str(tmp_path) not in current.degraded
    # A pointer that cannot be read leaves the published generation itself, which is the newest.
    assert current.generation in (older, list_names(two)[0], None)
    assert "CURRENT" in kind or current.generation == (None if kind in NONE_LEFT else older)
    assert (current.generation is None) == (kind in NONE_LEFT)


@pytest.mark.parametrize(
    ("kind", "status"), [("no vectors", 200), ("CURRENT is a pipe", 200), ("no index", 503)]
)
def test_page_has_the_card_and_says_what_serves(two: Path, tmp_path: Path, kind: str, status: int) -> None:
    index = shutil.copytree(two, tmp_path / "index", copy_function=os.link)
    BROKEN[kind](index)
    client = open_client(index)
    answer, ready = client.get(QUESTION), client.get("/readyz")
    assert EMERGENCY_SIGNS[0].replace("'", "&#39;") in answer.text
    assert (answer.status_code, ready.status_code) == (status, status)
    assert ready.get_json()["degraded"]
    assert str(tmp_path) not in ready.text


@pytest.mark.parametrize("kind", ["ONNX of a newer format", "CURRENT is a folder", "manifest is a pipe"])
def test_without_a_sound_generation_the_card_is_served_and_the_next_sound_one_found(
    two: Path, tmp_path: Path, kind: str
) -> None:
    index = shutil.copytree(two, tmp_path / "index")
    shutil.rmtree(index / "generations" / list_names(index)[1])
    folder = find_current(index)
    BROKEN[kind](index)
    if "CURRENT" in kind:
        shutil.rmtree(folder)
    settings = Settings(_env_file=None, index_dir=index)
    current = Current()
    watcher = Watcher(settings, current)
    watcher.look()
    assert (current.in_use, bool(current.degraded)) == (None, True)
    assert open_client(index).get(QUESTION).status_code == 503
    shutil.rmtree(index)
    shutil.copytree(two, index)
    watcher.look()
    assert (current.generation, current.degraded) == (list_names(two)[0], None)


def test_removed_index_stays_usable_in_every_thread(two: Path, tmp_path: Path) -> None:
    index = shutil.copytree(two, tmp_path / "index")
    answerer = open_answerer(Settings(_env_file=None, index_dir=index))
    shutil.rmtree(index)
    started = threading.Barrier(4)

    def ask(_: int) -> int:
        started.wait(5)
        return len(answerer.answer("is shuddering dangerous").matches) + len(answerer.articles())

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(ask, range(4))) > 5
    answerer.close()
