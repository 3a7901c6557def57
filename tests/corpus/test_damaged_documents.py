"""Damaged documents of every kind end in a draft or in one line, within bounds of time and memory."""

from __future__ import annotations

import random
import re
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from resource import RLIMIT_CPU, RUSAGE_CHILDREN, getrlimit, getrusage

import pytest

from app.corpus import importers
from app.corpus.drafts import Draft
from app.corpus.importers import import_document
from app.errors import CorpusError
from tests.corpus.documents import MARKDOWN, PAGE, PLAIN, write_pdf, write_word_file
from tests.corpus.test_inputs import INPUTS

pytestmark = pytest.mark.builds

KINDS = ["html", "mhtml", "md", "txt", "docx", "pdf"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound document of each kind."""
    folder = tmp_path_factory.mktemp("sound")
    return {
        "html": PAGE.encode(),
        "mhtml": (INPUTS / "mhtml.mhtml").read_bytes(),
        "md": MARKDOWN.encode(),
        "txt": PLAIN.encode(),
        "docx": write_word_file(folder / "a.docx").read_bytes(),
        "pdf": write_pdf(folder / "a.pdf").read_bytes(),
    }


def damage(content: bytes, kind: str, chance: random.Random) -> bytes:
    """The document cut short, with bytes changed, with a part missing or with a part damaged."""
    if kind == "docx" and chance.random() < 0.7:
        return damage_part(content, chance)
    if chance.random() < 0.3:
        return content[: chance.randrange(1, len(content))]
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def damage_part(content: bytes, chance: random.Random) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as archive, zipfile.ZipFile(written, "w") as copy:
        names = archive.namelist()
        damaged = chance.choice([name for name in names if name.startswith("word/")] + ["docProps/core.xml"])
        for name in names:
            part = archive.read(name)
            if name != damaged:
                copy.writestr(name, part)
            elif (what := chance.random()) < 0.3:
                copy.writestr(name, part[: chance.randrange(len(part))])
            elif what < 0.5:
                copy.writestr(
                    name, re.sub(rb"<(w:[a-z]+)", rb"<\1 w:val='x9'", part, count=chance.randrange(1, 50))
                )
            elif what < 0.7:
                copy.writestr(name, re.sub(rb"2\d{3}-\d\d", b"2025-13", part))
    return written.getvalue()


def read_damaged(path: Path) -> Draft | None:
    """A draft, or None for a document that is refused in one line that names it."""
    fault = None
    before = getrusage(RUSAGE_CHILDREN).ru_utime
    try:
        draft = import_document(path)
    except CorpusError as error:
        fault, draft = str(error), None
    assert getrusage(RUSAGE_CHILDREN).ru_utime - before < importers.SECONDS + 1.5
    assert fault is None or re.fullmatch(rf".*{re.escape(path.name)}: [^\n]+\.", fault), fault
    return draft


def damaged(sound: bytes, kind: str, times: int, folder: Path) -> Iterator[Path]:
    chance = random.Random(f"{kind} {times}")  # noqa: S311
    for number in range(times):
        path = folder / f"{number}.{kind}"
        path.write_bytes(damage(sound, kind, chance))
        yield path


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_document_ends_in_a_draft_or_in_one_line(
    sound: dict[str, bytes], kind: str, tmp_path: Path
) -> None:
    for path in damaged(sound[kind], kind, 4, tmp_path):
        read_damaged(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_documents_end_in_drafts_or_in_one_line(
    sound: dict[str, bytes], kind: str, tmp_path: Path
) -> None:
    for path in damaged(sound[kind], kind, 400, tmp_path):
        read_damaged(path)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("link", '<w:hyperlink r:id="rId999"><w:r><w:t>a link</w:t></w:r></w:hyperlink>'),
        ("foot", '<w:r><w:footnoteReference w:id="7"/></w:r>'),
    ],
)
def test_a_word_file_that_names_what_is_missing_is_refused_in_one_line(
    sound: dict[str, bytes], name: str, part: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.docx"
    with zipfile.ZipFile(BytesIO(sound["docx"])) as archive, zipfile.ZipFile(path, "w") as copy:
        for each in archive.namelist():
            content = archive.read(each)
            if each == "word/document.xml":
                content = content.replace(b"</w:p>", f"{part}</w:p>".encode(), 1)
            copy.writestr(each, content)
    with pytest.raises(CorpusError, match="save it anew in the program that made it, or as text"):
        import_document(path)


@pytest.mark.parametrize(
    ("label", "words"),
    [("klingon", "It’s 5 €."), ("utf-7", "It’s 5 €."), ("utf-16le", "It’s 5 €."), ("x" * 300, "It’s 5 €.")],
)
def test_a_wrong_label_of_an_encoding_is_not_believed(tmp_path: Path, label: str, words: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<meta charset={label}><p>{words}</p>", encoding="utf-8")
    assert [piece.text for piece in import_document(path).pieces] == [words]


@pytest.mark.parametrize(
    "page",
    [
        "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</div>",
        "<p>Babies twitch.</p>" * 300_000,
        "<b>" * 100_000 + "x",
        "<table>" + "<tr><td colspan=100 rowspan=100>wide" * 20_000,
    ],
    ids=["attributes", "paragraphs", "open elements", "wide cells"],
)
def test_a_document_without_end_is_ended_at_its_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(importers, "SECONDS", 1)
    before = getrlimit(RLIMIT_CPU)
    path = tmp_path / "a.html"
    path.write_text(page)
    began = time.process_time()
    read_damaged(path)
    # The reader's time is its own process's.
    assert time.process_time() - began < 2
    assert getrlimit(RLIMIT_CPU) == before
