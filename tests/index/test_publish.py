"""app/index/publish.py: what CURRENT names is whole, whatever happens."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import Busy, DamagedGeneration, NoGeneration, WrongModel
from app.index import generation
from app.index.build import annotate
from app.index.generation import FORMAT, LAYOUT, MANIFEST, Generation
from app.index.publish import (
    CURRENT,
    GENERATIONS,
    building,
    list_names,
    open_generation,
    open_previous,
    publish,
    read_pointer,
    roll_back,
)
from app.settings import SERVED, Settings
from tests.generations import publish_again
from tests.index.broken import make_huge

pytestmark = pytest.mark.builds


@pytest.fixture
def index(own_settings: Settings) -> Path:
    return own_settings.index_dir


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def copy_published(index: Path, folder: Path) -> None:
    """The files of the current generation as if they had just been built."""
    for path in (index / GENERATIONS / read_pointer(index).name).iterdir():
        shutil.copy(path, folder)


def test_current_is_one_line_with_the_name_and_the_manifests_hash(index: Path) -> None:
    name, sha256 = (index / CURRENT).read_text().split()
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{12}", name)
    assert hashlib.sha256((index / GENERATIONS / name / MANIFEST).read_bytes()).hexdigest() == sha256
    assert (index / CURRENT).read_bytes() == f"{name} {sha256}\n".encode()


def test_three_generations_are_kept(own_settings: Settings, index: Path) -> None:
    names = [publish_again(own_settings) for _ in range(4)]
    assert list_names(index) == names[:0:-1]
    assert read_pointer(index).name == names[-1]
    assert sorted(path.name for path in (index / GENERATIONS).iterdir()) == names[1:]


def test_nothing_of_a_damaged_generation_is_used_again(index: Path) -> None:
    with (index / GENERATIONS / read_pointer(index).name / LAYOUT.passages).open("r+b") as file:
        file.write(b"damaged")
    assert open_previous(index) == ()


def test_generation_that_a_server_holds_is_not_deleted(own_settings: Settings, index: Path) -> None:
    held = open_generation(index)
    for _ in range(4):
        publish_again(own_settings)
    assert held.name in list_names(index)
    held.verify()
    held.close()
    publish_again(own_settings)
    assert held.name not in list_names(index)


def test_names_sort_by_age_even_when_the_clock_goes_back(own_settings: Settings, index: Path) -> None:
    (index / GENERATIONS / "29990101T000000Z-0123456789ab").mkdir()
    assert publish_again(own_settings).startswith("29990101T000001Z-")


def test_second_builder_is_told_that_one_is_at_work(index: Path) -> None:
    with building(index), pytest.raises(Busy, match="another builder is at work"), building(index):
        pass


def test_what_was_not_published_leaves_nothing(index: Path) -> None:
    before = everything_in(index)

    def build_and_interrupt() -> None:
        with building(index) as folder:
            copy_published(index, folder)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_and_interrupt()
    assert everything_in(index) == before
    assert len(list((index / GENERATIONS).iterdir())) == 1


def test_next_builder_clears_away_what_a_killed_one_left(own_settings: Settings, index: Path) -> None:
    for name in (".building-x1", ".deleting-20200101T000000Z-0123456789ab"):
        (index / GENERATIONS / name).mkdir()
        (index / GENERATIONS / name / "rubbish").write_text("half")
    (index / f".{CURRENT}.new").write_text("half")
    publish_again(own_settings)
    assert {path.name for path in index.iterdir()} - {SERVED} == {".lock", CURRENT, GENERATIONS}
    assert len(list((index / GENERATIONS).iterdir())) == 2


@pytest.mark.parametrize(
    ("call", "published"),
    [(1, False), (2, False), (3, False), (4, True)],
    ids=("files", "names", "pointer", "index"),
)
def test_error_of_fsync_ends_publishing(
    index: Path, monkeypatch: pytest.MonkeyPatch, call: int, published: bool
) -> None:
    before, flush, calls = read_pointer(index), os.fsync, iter(range(1, 100))

    def fail_at_call(descriptor: int) -> None:
        if next(calls) == call:
            raise OSError(errno.EIO, "Input/output error")
        flush(descriptor)

    with building(index) as folder:
        copy_published(index, folder)
        annotate(folder, extra={"accepted": "so that it is another one"})
        monkeypatch.setattr(os, "fsync", fail_at_call)
        with pytest.raises(OSError, match="Input/output error"):
            publish(index, folder)
        monkeypatch.undo()
    assert (read_pointer(index) != before) == published
    open_generation(index).verify()


def test_damaged_build_is_not_published(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is any of it noted as checked."""
    monkeypatch.setattr(generation, "LARGE", 1)
    before = read_pointer(index)
    with building(index) as folder:
        copy_published(index, folder)
        (folder / LAYOUT.sentences).write_bytes(b"")
        with pytest.raises(DamagedGeneration, match=r"sentences\.faiss is damaged: it has 0 bytes"):
            publish(index, folder)
        assert not (folder / generation.CHECKED).exists()
    assert read_pointer(index) == before


def test_server_of_another_user_may_read_what_is_published(own_settings: Settings, index: Path) -> None:
    folder = index / GENERATIONS / publish_again(own_settings)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert all(path.stat().st_mode & stat.S_IROTH for path in folder.iterdir())


def test_generation_is_out_of_sight_before_its_files_are_deleted(
    own_settings: Settings, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [read_pointer(index).name, *(publish_again(own_settings) for _ in range(2))]
    delete, seen = shutil.rmtree, []

    def watch(folder: Path, **options: bool) -> None:
        seen.append((folder.name, list_names(index)))
        delete(folder, **options)

    monkeypatch.setattr(shutil, "rmtree", watch)
    names.append(publish_again(own_settings))
    assert (f".deleting-{names[0]}", names[:0:-1]) in seen
    assert [name for name, kept in seen if name in kept] == []


def test_rollback_points_to_the_generation_before(own_settings: Settings, index: Path) -> None:
    first = read_pointer(index).name
    second = publish_again(own_settings)
    assert roll_back(index) == first
    assert read_pointer(index).name == first
    assert roll_back(index, second) == second
    assert read_pointer(index).name == second


def test_rollback_refuses_what_is_damaged_missing_or_no_name(own_settings: Settings, index: Path) -> None:
    first = read_pointer(index).name
    second = publish_again(own_settings)
    (index / GENERATIONS / first / LAYOUT.encoder).unlink()
    with pytest.raises(DamagedGeneration, match=r"encoder\.onnx is damaged: No such file"):
        roll_back(index)
    for name in ("20200101T000000Z-0123456789ab", "../../etc", ""):
        with pytest.raises(NoGeneration):
            roll_back(index, name or "/")
    assert read_pointer(index).name == second


def test_rollback_waits_for_no_builder(index: Path) -> None:
    with building(index), pytest.raises(Busy):
        roll_back(index)


def test_publishing_after_a_rollback_goes_on_from_there(own_settings: Settings, index: Path) -> None:
    publish_again(own_settings)
    roll_back(index)
    third = publish_again(own_settings)
    assert list_names(index)[0] == read_pointer(index).name == third


def test_empty_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoGeneration, match="nothing is published yet; run `make index`"):
        open_generation(tmp_path)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Path.mkdir, "Is a directory"),
        (make_huge, "it does not name a generation"),
        (lambda path: path.write_bytes(b"\xff"), "it does not name a generation"),
    ],
)
def test_pointer_that_names_nothing_is_told(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    make(tmp_path / CURRENT)
    with pytest.raises(DamagedGeneration, match=rf"CURRENT is damaged: {told}; run `make index`"):
        read_pointer(tmp_path)


def test_unknown_name_is_not_opened(index: Path) -> None:
    with pytest.raises(NoGeneration, match=r"no such generation; `scripts/generations\.py` lists them"):
        open_generation(index, "../generations")


def test_newer_format_is_refused_as_such(index: Path, tmp_path: Path) -> None:
    copy_published(index, tmp_path)
    manifest = (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(manifest.replace(f'"format": {FORMAT}', '"format": 99, "more": 1'))
    with pytest.raises(WrongModel, match=f"format 99, this version reads {FORMAT}; run `make index`"):
        Generation.open(tmp_path)


def test_other_model_is_refused(index: Path) -> None:
    with open_generation(index) as current, pytest.raises(WrongModel, match="the setting says other"):
        current.require_model("other")
