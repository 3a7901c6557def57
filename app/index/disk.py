"""Writing that outlives a power cut: nothing counts as written before it was flushed and read back."""

from __future__ import annotations

import os
from pathlib import Path

from app.errors import BuildError
from app.index.generation import FileRecord, hash_file


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file: the old content or the new one stands there, never a part; raises OSError."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the folder's names durable: files created, renamed and deleted in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal_file(path: Path) -> FileRecord:
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
    return FileRecord(size=path.stat().st_size, sha256=written)
