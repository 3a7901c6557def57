"""Publishing: one builder at a time, `CURRENT` names only whole generations, and there is a way back."""

from __future__ import annotations

import fcntl
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from app.disk import flush_folder, write_durably
from app.errors import BuildError, Busy, DamagedGeneration, GenerationError, NoGeneration
from app.index.generation import MANIFEST, NAME, REMEDY, Generation, open_regular

CURRENT = "CURRENT"
_LOCK = ".lock"
GENERATIONS = "generations"
_KEPT = 3
"""The current generation and two before it."""

_MAX_POINTER = 128
"""Bytes that are read of CURRENT; it has 95."""

_SCRATCH = ".building-"
_DOOMED = ".deleting-"
_POINTER = re.compile(r"(\d{8}T\d{6}Z-[0-9a-f]{12}) ([0-9a-f]{64})\n")


class _Pointer(NamedTuple):
    """What CURRENT says: a generation's name and its manifest's SHA-256."""

    name: str
    manifest_sha256: str


@contextmanager
def building(index: Path) -> Iterator[Path]:
    """The builder's lock and an empty folder to build in; what was not published is gone afterwards.

    Raises Busy at once when another builder is at work, BuildError when the disk fails or is full. The
    rubbish of builders that were killed goes first.
    """
    with _locked(index):
        generations = index / GENERATIONS
        generations.mkdir(exist_ok=True)
        for path in generations.iterdir():
            if path.name.startswith((_SCRATCH, _DOOMED)):
                shutil.rmtree(path)
        (index / f".{CURRENT}.new").unlink(missing_ok=True)
        folder = Path(mkdtemp(prefix=_SCRATCH, dir=generations))
        try:
            yield folder
        except BrokenPipeError:  # of a script's output, not of the disk
            raise
        except (OSError, sqlite3.Error) as error:
            raise BuildError(f"The build ended, because the disk did not do its work: {error}.") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Hold the lock of one who changes the index; raises Busy when another has it."""
    index.mkdir(parents=True, exist_ok=True)
    with (index / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{index}: another builder is at work; try again when it is done.") from None
        yield


def publish(index: Path, folder: Path) -> str:
    """Verify a built generation, give it its name, point CURRENT to it and delete old ones; gives the name.

    Only within ``building``. Raises GenerationError, OSError.
    """
    with Generation.open(folder) as generation:
        generation.verify()
        generation.note_checked()
    folder.chmod(0o755)
    flush_folder(folder)
    folder.rename(index / GENERATIONS / generation.name)
    flush_folder(index / GENERATIONS)
    _point(index, generation)
    # Neither the current one, nor the newest besides, nor what a server holds.
    others = [name for name in list_names(index) if name != generation.name]
    for name in others[_KEPT - 1 :]:
        old, doomed = index / GENERATIONS / name, index / GENERATIONS / (_DOOMED + name)
        with suppress(BlockingIOError), (old / MANIFEST).open("rb") as manifest:
            fcntl.flock(manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)
            old.rename(doomed)  # first out of sight, so that none is seen by halves
        if doomed.exists():
            shutil.rmtree(doomed)
            flush_folder(doomed.parent)
    return generation.name


def roll_back(index: Path, name: str | None = None) -> str:
    """Point CURRENT to a generation that is kept, by default the one before; gives its name.

    Raises Busy, NoGeneration or DamagedGeneration.
    """
    with _locked(index):
        if name is None:
            current = read_pointer(index).name
            older = [kept for kept in list_names(index) if kept < current]
            if not older:
                raise NoGeneration(f"There is no generation before {current}.")
            name = older[0]
        with open_generation(index, name) as generation:
            generation.verify()
            _point(index, generation)
        return name


def read_pointer(index: Path) -> _Pointer:
    """What CURRENT says; raises NoGeneration or DamagedGeneration."""
    try:
        with open_regular(index / CURRENT) as file:
            content = file.read(_MAX_POINTER)
    except FileNotFoundError:
        raise NoGeneration(f"{CURRENT}: nothing is published yet; run `make index`.") from None
    except OSError as error:
        raise DamagedGeneration(f"{CURRENT} is damaged: {error.strerror}; {REMEDY}.") from None
    found = _POINTER.fullmatch(content.decode("ascii", errors="replace"))
    if not found:
        raise DamagedGeneration(f"{CURRENT} is damaged: it does not name a generation; {REMEDY}.")
    return _Pointer(found[1], found[2])


def open_generation(index: Path, name: str | None = None) -> Generation:
    """The published generation or one that is kept, its manifest checked; raises GenerationError."""
    if name is None:
        name, sha256 = read_pointer(index)
        return Generation.open(index / GENERATIONS / name, sha256)
    if name not in list_names(index):
        raise NoGeneration("There is no such generation; `scripts/generations.py` lists them.")
    return Generation.open(index / GENERATIONS / name)


def open_previous(index: Path) -> tuple[Generation, ...]:
    """What a new generation follows: the published one and the one before, or as much as can be read."""
    try:
        generation = open_generation(index)
        generation.verify()
    except GenerationError:
        return ()
    older = [name for name in list_names(index) if name < generation.name]
    with suppress(GenerationError):
        return (generation, *(Generation.open(index / GENERATIONS / name) for name in older[:1]))
    return (generation,)


def list_names(index: Path) -> list[str]:
    """The kept generations, newest first; raises DamagedGeneration where they cannot be listed."""
    try:
        names = [path.name for path in (index / GENERATIONS).iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DamagedGeneration(f"{GENERATIONS} cannot be read: {error.strerror}.") from None
    return sorted((name for name in names if NAME.fullmatch(name)), reverse=True)


def _point(index: Path, generation: Generation) -> None:
    write_durably(index / CURRENT, f"{generation.name} {generation.manifest_sha256}\n".encode())
