"""A generation on disk: its files, its manifest, and the check of both before anything is parsed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import astuple, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from app.disk import write_durably
from app.errors import BuildError, DamagedGeneration, NoGeneration, WrongModel

FORMAT = 9
"""Change it whenever older code could not read what newer code wrote, or the other way round."""

MANIFEST = "manifest.json"
_MAX_MANIFEST = 64_000_000
_MAX_CHECKED = 64_000
CHECKED = ".checked"
"""How the large files stood when they were last read whole and compared; see ``note_checked``."""
LARGE = 256_000_000
"""Bytes; smaller files are read whole at every opening, which takes a fraction of a second."""
REMEDY = "run `make index`, or `scripts/rollback.py` for the generation before"

NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{12})")
"""UTC time and the beginning of the manifest's SHA-256, so that a generation vouches for itself."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Every file of a generation besides its manifest, each named once."""

    store: str = "passages.sqlite"
    passages: str = "passages.faiss"
    sentences: str = "sentences.faiss"
    postings: str = "postings.rows"
    impacts: str = "postings.impacts"
    sentence_offsets: str = "sentences.offsets"
    tokens: str = "tokens.int8"
    token_offsets: str = "tokens.offsets"  # noqa: S105 - tokens of text
    token_weights: str = "tokens.weights"  # noqa: S105
    token_projection: str = "tokens.directions"  # noqa: S105
    encoder: str = "encoder.onnx"
    encoder_settings: str = "encoder.json"
    tokenizer: str = "tokenizer.json"
    urgency_encoder: str = "urgency.onnx"
    urgency_settings: str = "urgency.json"
    urgency_tokenizer: str = "urgency.tokenizer.json"


LAYOUT = _Layout()
FILES: tuple[str, ...] = astuple(LAYOUT)

POSTINGS_TERMS = "postings.terms"
SHARD_FILES = (
    LAYOUT.passages,
    LAYOUT.sentences,
    LAYOUT.postings,
    LAYOUT.impacts,
    LAYOUT.sentence_offsets,
    LAYOUT.tokens,
    LAYOUT.token_offsets,
    POSTINGS_TERMS,
)
"""What a shard holds of the same, for its own passages, and where its terms' postings lie."""


def name_shard(number: int, name: str) -> str:
    """A shard's file as the manifest names it."""
    return f"shards/{number}/{name}"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _FileRecord(_Record):
    """What a file must be."""

    size: int
    sha256: str


class ModelRecord(_Record):
    """The model that everything in the generation was made with."""

    name: str
    weights_sha256: str
    config_sha256: str
    precision: str
    dimension: int
    urgency_sha256: str
    """Of the weights of the encoder that the second opinion on urgency reads questions with."""
    agreement: dict[str, float]
    """Mean and least cosine of the exported encoder's vectors with the model's own, over passages."""


class SourceRecord(_Record):
    """An article as it was when the generation was built."""

    slug: str
    sha256: str
    metadata_sha256: str


class Manifest(_Record):
    """What a generation is; the last file written."""

    format: int
    created: str
    """UTC, as in the generation's name."""
    chunker: str
    model: ModelRecord
    libraries: dict[str, str]
    vectors: dict[str, str]
    """FAISS factory string of each vector file."""
    counts: dict[str, int]
    sources: list[SourceRecord]
    files: dict[str, _FileRecord]
    figures: dict[str, Any] = {}
    """What readers are told: measures on questions that nothing was fitted to."""
    extra: dict[str, Any] = {}
    """What was fitted, what the gate measured, and who accepted what."""
    shards: list[int] = []
    """Of a generation for many machines: each shard's first row and, last, the number of rows."""

    def write(self, folder: Path) -> None:
        """Replace the one in the folder."""
        content = self.model_dump_json(indent=1, exclude=None if self.shards else {"shards"})
        write_durably(folder / MANIFEST, f"{content}\n".encode())

    def list_files(self) -> tuple[str, ...]:
        """Every file that belongs to the generation besides the manifest."""
        shards = range(len(self.shards) - 1)
        return (*FILES, *(name_shard(number, name) for number in shards for name in SHARD_FILES))


class Generation:
    """A folder whose manifest was checked; each file is checked when it is first asked for.

    As long as it is open it holds a shared lock, which keeps a builder from deleting it.
    """

    def __init__(self, folder: Path, manifest: Manifest, manifest_sha256: str, lock: int) -> None:
        self.folder = folder
        self.manifest = manifest
        self.manifest_sha256 = manifest_sha256
        self.name = f"{manifest.created}-{manifest_sha256[:12]}"
        self._lock = lock
        self._checked: dict[str, list[int]] = {}
        # What ``note_checked`` wrote; nothing where it cannot be read, so that everything is checked again.
        with suppress(OSError, ValueError, RecursionError), open_regular(folder / CHECKED) as file:
            content = json.loads(file.read(_MAX_CHECKED))
            self._checked = content if isinstance(content, dict) else {}
        self._trusted: set[str] = set()

    @classmethod
    def open(cls, folder: Path, manifest_sha256: str | None = None) -> Generation:
        """Check the manifest, against ``manifest_sha256`` or the folder's own name, and hold the folder.

        Raises NoGeneration, DamagedGeneration or WrongModel.
        """
        try:
            lock = os.open(folder / MANIFEST, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise NoGeneration(
                f"{folder.name}: there is no whole generation: {MANIFEST}: {error.strerror}; {REMEDY}."
            ) from None
        try:
            # A builder deletes only what it can lock for itself alone.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise NoGeneration(f"{folder.name}: is being deleted; open the current one.") from None
        try:
            manifest, actual = _read_manifest(folder, manifest_sha256)
            return cls(folder, manifest, actual, lock)
        except BaseException:
            os.close(lock)
            raise

    def require_model(self, name: str) -> None:
        """Raise WrongModel unless the generation was built with this model."""
        if self.manifest.model.name != name:
            raise WrongModel(
                f"{self.folder.name} was built with the model {self.manifest.model.name}, the setting says "
                f"{name}; run `make index`."
            )

    def read(self, name: str) -> bytes:
        """A file's content, checked; raises DamagedGeneration."""
        content, _ = self._read(name, keep=True)
        return content

    def path(self, name: str) -> Path:
        """A file's path, its content checked; raises DamagedGeneration.

        A large file that nobody has touched since it was last checked on this machine is believed for now;
        ``check_trusted`` reads it later, so that a server need not wait for it.
        """
        path, checked = self.folder / name, self._checked.get(name)
        if checked is not None and checked == _describe_state(path):
            self._trusted.add(name)
            return path
        return self.read_whole(name)

    def check_trusted(self) -> None:
        """Read what was only believed when it was opened; raises DamagedGeneration."""
        while self._trusted:
            self.read_whole(self._trusted.pop())

    def verify(self) -> None:
        """Read every file; raises DamagedGeneration for the first that is wrong."""
        for name in self.manifest.files:
            self.read_whole(name)

    def note_checked(self) -> None:
        """Write down how the large files stand, to be called by whoever has just verified them.

        A file's inode, size and times of change: no program that writes to it can leave all of them as they
        were, and no copy has them. Nothing is written where no file is large.
        """
        large = [name for name in self.manifest.files if (self.folder / name).stat().st_size >= LARGE]
        states = {name: _describe_state(self.folder / name) for name in large}
        if states:
            noted = json.dumps(states, indent=1, sort_keys=True) + "\n"
            (self.folder / CHECKED).write_text(noted, encoding="ascii")

    def read_whole(self, name: str) -> Path:
        """A file's path, its content read and compared now; raises DamagedGeneration."""
        _, path = self._read(name, keep=False)
        return path

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Generation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _read(self, name: str, *, keep: bool) -> tuple[bytes, Path]:
        """Compare a file with the manifest; its content, where it is to be kept, and its path."""
        path, wanted = self.folder / name, self.manifest.files[name]
        try:
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size != wanted.size:
                    raise _damaged(path, f"it has {size:,} bytes, the manifest says {wanted.size:,}")
                content = file.read(size) if keep else b""
                digest = hashlib.sha256(content) if keep else hashlib.file_digest(file, "sha256")
        except OSError as error:
            raise _damaged(path, error.strerror or "cannot be read") from None
        if digest.hexdigest() != wanted.sha256:
            raise _damaged(path, "its SHA-256 differs from the manifest's")
        return content, path


def open_regular(path: Path) -> BufferedReader:
    """A regular file, to be read; raises OSError for anything else and never waits as for a pipe."""
    file = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")  # noqa: SIM115, PTH123
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a regular file")
    return file


def hash_file(path: Path) -> str:
    """SHA-256 of a regular file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal_file(path: Path) -> _FileRecord:
    """Flush a file, read it back from the disk and give its size and SHA-256; raises BuildError, OSError."""
    written = hash_file(path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        # Without this the second reading would only see the memory that the first one saw.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    if hash_file(path) != written:
        raise BuildError(f"{path} reads back differently from what was written; check the disk.")
    return _FileRecord(size=path.stat().st_size, sha256=written)


def _describe_state(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _read_manifest(folder: Path, expected: str | None) -> tuple[Manifest, str]:
    path = folder / MANIFEST
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_MANIFEST + 1)
    except OSError as error:
        raise _damaged(path, error.strerror or "cannot be read") from None
    if len(content) > _MAX_MANIFEST:
        raise _damaged(path, "it is too large")
    actual = hashlib.sha256(content).hexdigest()
    named = NAME.fullmatch(folder.name)
    if (expected is not None and actual != expected) or (named is not None and named[2] != actual[:12]):
        raise _damaged(path, "its SHA-256 is not the one that was published")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        other = re.search(rb'"format": *(\d{1,9})', content)
        if other and int(other[1]) != FORMAT:
            raise _wrong_format(path, int(other[1])) from None
        first = error.errors()[0]
        raise _damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if manifest.format != FORMAT:
        raise _wrong_format(path, manifest.format)
    if set(manifest.files) != set(manifest.list_files()):
        raise _damaged(path, "it does not list the files of a generation")
    if named is not None and named[1] != manifest.created:
        raise _damaged(path, "its time is not the folder's")
    return manifest, actual


def _wrong_format(path: Path, found: int) -> WrongModel:
    return WrongModel(
        f"{path.parent.name}/{path.name}: format {found}, this version reads {FORMAT}; run `make index`."
    )


def _damaged(path: Path, fault: str) -> DamagedGeneration:
    return DamagedGeneration(f"{path.parent.name}/{path.name} is damaged: {fault}; {REMEDY}.")
