"""app/web/reload.py over real generations."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.errors import DamagedGeneration, Unreachable
from app.index import generation
from app.index.generation import LAYOUT
from app.index.publish import GENERATIONS, list_names, roll_back
from app.settings import Settings
from app.web.reload import Current, Watcher
from tests.generations import publish_again

pytestmark = pytest.mark.builds


@pytest.fixture
def current(own_settings: Settings) -> Current:
    return Current(open_answerer(own_settings))


def damage(folder: Path) -> None:
    path = folder / LAYOUT.passages
    path.write_bytes(path.read_bytes()[:-1])


def test_published_generation_is_served_at_the_next_look(own_settings: Settings, current: Current) -> None:
    before = current.generation
    name = publish_again(own_settings)
    Watcher(own_settings, current).look()
    assert (current.generation, current.degraded) == (name, None)
    assert before != name


def test_old_generation_is_let_go_with_its_last_request(own_settings: Settings, current: Current) -> None:
    request = weakref.ref(current.answerer)
    publish_again(own_settings)
    gc.disable()
    try:
        Watcher(own_settings, current).look()
        assert request() is None
    finally:
        gc.enable()


def test_cluster_that_cannot_be_reached_is_tried_again_and_told_once(
    own_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reached = [False, False, True]

    def open_when_reached(settings: Settings, check: object) -> tuple[IndexAnswerer, None]:
        if not reached.pop(0):
            raise Unreachable("Shard 1 cannot be reached.")
        return open_answerer(settings), None

    monkeypatch.setattr("app.web.reload.open_best", open_when_reached)
    current = Current()
    watcher = Watcher(own_settings, current)
    watcher.look()
    watcher.look()
    assert (current.in_use, current.degraded) == (None, "Shard 1 cannot be reached.")
    watcher.look()
    assert (current.in_use is not None, current.degraded) == (True, None)
    assert caplog.text.count("cannot be reached") == 1


def test_damaged_generation_is_refused_and_told_once(
    own_settings: Settings, current: Current, caplog: pytest.LogCaptureFixture
) -> None:
    before = current.generation
    name = publish_again(own_settings)
    damage(own_settings.index_dir / GENERATIONS / name)
    watcher = Watcher(own_settings, current)
    for _ in range(3):
        watcher.look()
    assert current.generation == before
    assert current.degraded is not None
    assert current.degraded.startswith(f"{name}/passages.faiss is damaged: it has ")
    assert len(caplog.records) == 1


def test_generation_of_another_model_is_refused(own_settings: Settings, current: Current) -> None:
    before = current.generation
    publish_again(own_settings)
    Watcher(own_settings.model_copy(update={"model": "another"}), current).look()
    assert current.generation == before
    assert current.degraded is not None
    assert f"was built with the model {own_settings.model}, the setting says another" in current.degraded


def test_generation_that_is_copied_bit_by_bit_is_served_when_it_is_whole(
    own_settings: Settings, current: Current, tmp_path: Path
) -> None:
    name = publish_again(own_settings)
    folder, aside = own_settings.index_dir / GENERATIONS / name, tmp_path / "aside"
    folder.rename(aside)
    watcher = Watcher(own_settings, current)
    watcher.look()
    assert current.degraded is not None
    folder.mkdir()
    for path in sorted(aside.iterdir()):
        assert current.generation != name
        shutil.copy2(path, folder)
        watcher.look()
    assert (current.generation, current.degraded) == (name, None)


def test_rollback_is_served_and_ends_the_trouble(own_settings: Settings, current: Current) -> None:
    first = current.generation
    name = publish_again(own_settings)
    damage(own_settings.index_dir / GENERATIONS / name)
    watcher = Watcher(own_settings, current)
    watcher.look()
    roll_back(own_settings.index_dir)
    watcher.look()
    assert (current.generation, current.degraded) == (first, None)


def test_newest_sound_generation_serves_when_the_current_one_is_damaged_at_start(
    own_settings: Settings,
) -> None:
    (first,) = list_names(own_settings.index_dir)
    damage(own_settings.index_dir / GENERATIONS / publish_again(own_settings))
    current = Current()
    watcher = Watcher(own_settings, current)
    watcher.start()
    watcher.stop()
    assert current.generation == first
    assert current.degraded is not None


def test_server_without_an_index_waits_for_one(own_settings: Settings, tmp_path: Path) -> None:
    empty = own_settings.model_copy(update={"index_dir": tmp_path / "empty"})
    current = Current()
    watcher = Watcher(empty, current)
    watcher.start()
    watcher.stop()
    assert current.generation is None
    shutil.copytree(own_settings.index_dir, empty.index_dir)
    watcher.look()
    assert current.generation == list_names(empty.index_dir)[0]


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "LARGE", 0)


def decay(folder: Path) -> None:
    """Flip a bit as a failing disk does: the file seems untouched."""
    path = folder / LAYOUT.passages
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with generation.Generation.open(folder) as damaged:
        damaged.note_checked()


def test_large_file_that_decayed_is_found_soon_and_the_generation_before_serves(
    own_settings: Settings, all_are_large: None, caplog: pytest.LogCaptureFixture
) -> None:
    first = publish_again(own_settings)
    name = publish_again(own_settings)
    decay(own_settings.index_dir / GENERATIONS / name)
    current = Current(open_answerer(own_settings))
    watcher = Watcher(own_settings, current)
    for _ in range(3):
        watcher.look()
        watcher.check_trusted()
    assert current.generation == first
    assert current.degraded is not None
    assert current.degraded.startswith(f"{name}/passages.faiss is damaged: its SHA-256 differs")
    assert len(caplog.records) == 1
    roll_back(own_settings.index_dir)
    watcher.look()
    assert (current.generation, current.degraded) == (first, None)


def test_nothing_answers_where_the_only_generation_decayed(
    own_settings: Settings, all_are_large: None
) -> None:
    (name,) = list_names(own_settings.index_dir)
    decay(own_settings.index_dir / GENERATIONS / name)
    current = Current(open_answerer(own_settings))
    Watcher(own_settings, current).check_trusted()
    assert current.generation is None
    assert current.degraded is not None


def test_large_file_that_was_written_to_is_read_before_it_is_used(
    own_settings: Settings, all_are_large: None
) -> None:
    name = publish_again(own_settings)
    folder = own_settings.index_dir / GENERATIONS / name
    path = folder / LAYOUT.passages
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedGeneration, match=r"passages\.faiss is damaged"):
        open_answerer(own_settings)
