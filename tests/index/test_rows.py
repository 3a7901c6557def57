"""app/index/rows.py over small files, and which members rows have."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.errors import DamagedGeneration
from app.index.rows import RowFile, map_values, members_of, run_starts

ROWS = np.arange(60, dtype=np.uint8).reshape(20, 3)


def count_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "rows").write_bytes(b"head" + ROWS.tobytes())
    return tmp_path / "rows"


@pytest.mark.parametrize("wanted", [[], [0], [19], [3, 4, 5, 9, 1, 2, 2, 0], list(range(20))])
def test_rows_come_in_the_order_in_which_they_are_asked_for(path: Path, wanted: list[int]) -> None:
    found = RowFile(path, 3, start=4).read(np.array(wanted, dtype=np.int64))
    assert found.tolist() == ROWS[wanted].tolist()


def test_file_that_was_cut_short_is_damaged(path: Path) -> None:
    file = RowFile(path, 3, start=4)
    os.truncate(path, 60)
    with pytest.raises(DamagedGeneration, match="rows is damaged: it ends too early"):
        file.read(np.array([2, 19]))


def test_file_is_closed_with_the_last_that_needs_it(path: Path) -> None:
    before = count_open()
    file = RowFile(path, 3)
    assert count_open() == before + 1
    del file
    assert count_open() == before


def test_values_are_mapped_also_where_there_are_none(tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(np.array([3, -1], dtype="<i4").tobytes())
    assert map_values(path, "<i4").tolist() == [3, -1]
    path.write_bytes(b"")
    assert map_values(path, "<i4").tolist() == []


OFFSETS = np.array([0, 2, 3, 7])


def test_members_stand_one_row_after_the_other_in_the_order_asked_for() -> None:
    members, starts = members_of(OFFSETS, np.array([2, 0]))
    assert members.tolist() == [3, 4, 5, 6, 0, 1]
    assert starts.tolist() == [0, 4]


def test_no_rows_have_no_members() -> None:
    members, starts = members_of(OFFSETS, np.array([], dtype=np.int64))
    assert (members.tolist(), starts.tolist()) == ([], [])


def test_first_of_equal_values_is_found() -> None:
    assert run_starts(np.array([2, 2, 5, 7, 7, 7])).tolist() == [0, 2, 3]
    assert run_starts(np.array([], dtype=np.int32)).tolist() == []
