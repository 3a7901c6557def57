"""Damage to every stored file: refused every time, before anything of it is parsed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import GenerationError
from app.index.build import ENCODERS
from app.index.generation import FILES, LAYOUT, MANIFEST, Generation
from app.index.opened import Index
from app.index.publish import CURRENT, GENERATIONS, list_names, open_generation, read_pointer
from app.settings import Settings
from tests.generations import copy_settings, publish_again

pytestmark = pytest.mark.builds

Damage = Callable[[bytes, random.Random], bytes | None]
STORED = (*FILES, MANIFEST, CURRENT)
OF_THE_MODEL = {*ENCODERS, LAYOUT.token_projection}
"""The same in every generation of one model."""


def flip_bit(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


WAYS: dict[str, Damage] = {
    "zeroed": lambda content, _: bytes(len(content)),
    "emptied": lambda _content, _: b"",
    "extended": lambda content, rng: content + rng.randbytes(rng.randrange(1, 5000)),
    "deleted": lambda _content, _: None,
}


def find(index: Path, name: str) -> Path:
    return index / name if name == CURRENT else index / GENERATIONS / read_pointer(index).name / name


def refuse_to_parse(*_: object, **__: object) -> None:
    raise AssertionError("a damaged file was parsed")


def assert_refused(index: Path, monkeypatch: pytest.MonkeyPatch, damaged: str) -> None:
    """Opening fails on the named file; whoever parses that file is not called."""
    with monkeypatch.context() as patch:
        for name, owner in PARSERS.items():
            if damaged in name:
                patch.setattr(f"app.index.{owner}", refuse_to_parse)
        with pytest.raises(GenerationError) as refusal:
            Index(open_generation(index))
    if damaged != CURRENT:
        assert damaged in str(refusal.value)


PARSERS = {
    (LAYOUT.store,): "opened.Store",
    (LAYOUT.postings, LAYOUT.impacts): "retriever.Postings",
    (LAYOUT.tokens, LAYOUT.token_offsets, LAYOUT.token_projection): "retriever.TokenVectors",
    (LAYOUT.encoder, LAYOUT.encoder_settings, LAYOUT.tokenizer): "opened.Encoder",
}


@pytest.fixture(scope="module")
def index(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with two generations, the second of an article less."""
    copied = copy_settings(built_settings, tmp_path_factory.mktemp("damage"))
    for path in copied.corpus_dir.glob("baby-leg-spasm.*"):
        path.unlink()
    publish_again(copied)
    return copied.index_dir


@pytest.fixture
def stored(index: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """One stored file; put back afterwards."""
    path = find(index, request.param)
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def try_damage(path: Path, index: Path, damage: Damage, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content, rng = path.read_bytes(), random.Random(path.name)  # noqa: S311 - the same damage every time
    for _ in range(times):
        damaged = damage(content, rng)
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        try:
            assert_refused(index, monkeypatch, path.name)
        finally:
            path.write_bytes(content)


@pytest.mark.parametrize("stored", STORED, indirect=True)
@pytest.mark.parametrize("damage", WAYS.values(), ids=WAYS)
def test_damaged_file_is_refused(
    stored: Path, index: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_damage(stored, index, damage, 1, monkeypatch)


@pytest.mark.parametrize("stored", STORED, indirect=True)
def test_flipped_bits_and_lost_ends_are_refused(
    stored: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_damage(stored, index, flip_bit, 5, monkeypatch)
    try_damage(stored, index, truncate, 3, monkeypatch)


@pytest.mark.faults
@pytest.mark.parametrize("stored", STORED, indirect=True)
def test_every_one_of_many_damages_is_refused(
    stored: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_damage(stored, index, flip_bit, 200, monkeypatch)
    try_damage(stored, index, truncate, 50, monkeypatch)


def test_manifest_of_another_generation_is_refused(own_settings: Settings) -> None:
    index = own_settings.index_dir
    other = read_pointer(index).name
    name = publish_again(own_settings)
    shutil.copy(index / GENERATIONS / other / MANIFEST, index / GENERATIONS / name)
    with pytest.raises(GenerationError, match=r"manifest\.json is damaged: its SHA-256 is not the one"):
        open_generation(index)


@pytest.mark.parametrize("stored", sorted(set(FILES) - OF_THE_MODEL), indirect=True)
def test_file_of_another_generation_is_refused(stored: Path, index: Path) -> None:
    _, first = list_names(index)
    other = index / GENERATIONS / first / stored.name
    assert other.read_bytes() != stored.read_bytes()
    shutil.copy(other, stored)
    with pytest.raises(GenerationError, match=stored.name):
        Index(open_generation(index))


def test_generation_under_anothers_name_is_refused(own_settings: Settings) -> None:
    folder = own_settings.index_dir / GENERATIONS
    name = read_pointer(own_settings.index_dir).name
    (folder / name).rename(folder / f"{name[:17]}0123456789ab")
    with pytest.raises(GenerationError):
        Generation.open(folder / f"{name[:17]}0123456789ab")
