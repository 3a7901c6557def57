"""Kinds of index that cannot be opened, each made of a sound one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from app.index.generation import CHECKED, LAYOUT, MANIFEST
from app.index.publish import CURRENT, GENERATIONS

Break = Callable[[Path], None]


def find_current(index: Path) -> Path:
    return index / GENERATIONS / (index / CURRENT).read_text(encoding="ascii").split()[0]


def rewrite(path: Path, content: bytes) -> None:
    """As another file: that of this name may be a link to one of another index."""
    path.unlink()
    path.write_bytes(content)


def seal(folder: Path) -> None:
    """Give a changed generation a manifest that vouches for it, its name, and CURRENT."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    for name, record in manifest["files"].items():
        content = (folder / name).read_bytes()
        record.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    content = json.dumps(manifest).encode()
    rewrite(folder / MANIFEST, content)
    (folder / CHECKED).unlink(missing_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    sealed = folder.rename(folder.with_name(f"{manifest['created']}-{digest[:12]}"))
    index = folder.parent.parent
    rewrite(index / CURRENT, f"{sealed.name} {digest}\n".encode())


def sealed(name: str, change: Callable[[bytes], bytes]) -> Break:
    def apply(index: Path) -> None:
        folder = find_current(index)
        path = folder / name
        rewrite(path, change(path.read_bytes()))
        seal(folder)

    return apply


def pointer(make: Callable[[Path], object]) -> Break:
    def apply(index: Path) -> None:
        (index / CURRENT).unlink()
        make(index / CURRENT)

    return apply


def replaced(name: str, make: Callable[[Path], object]) -> Break:
    def apply(index: Path) -> None:
        path = find_current(index) / name
        path.unlink()
        make(path)

    return apply


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def drop_folder(index: Path) -> None:
    shutil.rmtree(index / GENERATIONS)


def make_folder_a_file(index: Path) -> None:
    shutil.rmtree(index / GENERATIONS)
    (index / GENERATIONS).write_bytes(b"")


def make_nested(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


def make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def name_another(index: Path) -> None:
    rewrite(index / CURRENT, f"20200101T000000Z-{'0' * 12} {'0' * 64}\n".encode())


def change_manifest(**values: object) -> Break:
    def change(content: bytes) -> bytes:
        return json.dumps({**json.loads(content), **values}).encode()

    def apply(index: Path) -> None:
        folder = find_current(index)
        rewrite(folder / MANIFEST, change((folder / MANIFEST).read_bytes()))
        seal(folder)

    return apply


BROKEN: dict[str, Break] = {
    "ONNX of a newer format": sealed(LAYOUT.encoder, lambda b: re.sub(rb"^\x08.", b"\x08\x63", b, count=1)),
    "ONNX that is none": sealed(LAYOUT.encoder, lambda _: b"no model"),
    "ONNX cut": sealed(LAYOUT.encoder, lambda b: b[: len(b) // 2]),
    "empty tokenizer": sealed(LAYOUT.tokenizer, lambda _: b""),
    "tokenizer of another kind": sealed(LAYOUT.tokenizer, lambda _: b'{"version": "9.9"}'),
    "encoder settings of tomorrow": sealed(LAYOUT.encoder_settings, lambda _: b'{"pooling": "max"}'),
    "deep encoder settings": sealed(LAYOUT.encoder_settings, lambda _: b"[" * 100_000),
    "no database": sealed(LAYOUT.store, lambda _: b"SQLite format 4\0" * 100),
    "database cut": sealed(LAYOUT.store, lambda b: b[:4096]),
    "empty database": sealed(LAYOUT.store, lambda _: b""),
    "no vectors": sealed(LAYOUT.passages, lambda _: b"IxXX" * 100),
    "vectors cut": sealed(LAYOUT.passages, lambda b: b[: len(b) // 2]),
    "no offsets": sealed(LAYOUT.sentence_offsets, lambda _: b""),
    "offsets of odd length": sealed(LAYOUT.token_offsets, lambda b: b[:-3]),
    "urgency encoder that is none": sealed(LAYOUT.urgency_encoder, lambda _: b"no model"),
    "no token weights": sealed(LAYOUT.token_weights, lambda _: b""),
    "postings too short": sealed(LAYOUT.postings, lambda b: b[:8]),
    "directions of another width": sealed(LAYOUT.token_projection, lambda b: b[:-4]),
    "directions that are no numbers": sealed(LAYOUT.token_projection, lambda b: b"\xff" * len(b)),
    "half of the directions": sealed(LAYOUT.token_projection, lambda b: b[: len(b) // 2]),
    "token weights that are no numbers": sealed(LAYOUT.token_weights, lambda b: b"\xff" * len(b)),
    "half of the tokens": sealed(LAYOUT.tokens, lambda b: b[: len(b) // 2]),
    "manifest of another format": change_manifest(format=99),
    "manifest of another model": change_manifest(model="none"),
    "manifest with odd counts": change_manifest(counts=[3]),
    "manifest is a pipe": replaced(MANIFEST, os.mkfifo),
    "manifest nested deep": replaced(MANIFEST, make_nested),
    "manifest of a terabyte": replaced(MANIFEST, make_huge),
    "manifest links to itself": replaced(MANIFEST, link_to_itself),
    "database is a pipe": replaced(LAYOUT.store, os.mkfifo),
    "encoder is a folder": replaced(LAYOUT.encoder, Path.mkdir),
    "vectors are endless": replaced(LAYOUT.passages, lambda path: path.symlink_to("/dev/zero")),
    "CURRENT is a folder": pointer(Path.mkdir),
    "CURRENT is a pipe": pointer(os.mkfifo),
    "CURRENT links to itself": pointer(link_to_itself),
    "CURRENT is endless": pointer(lambda path: path.symlink_to("/dev/zero")),
    "CURRENT of a terabyte": pointer(make_huge),
    "CURRENT names what is not there": name_another,
    "no generations": drop_folder,
    "generations is a file": make_folder_a_file,
    "no index": shutil.rmtree,
}
"""What is done to the published generation, or to all."""
NONE_LEFT = ("no generations", "generations is a file", "no index")
