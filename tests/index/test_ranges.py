"""app/index/ranges.py: which members rows have."""

from __future__ import annotations

import numpy as np

from app.index.ranges import find_firsts, find_members

OFFSETS = np.array([0, 2, 3, 7])


def test_members_stand_one_row_after_the_other_in_the_order_asked_for() -> None:
    members, starts = find_members(OFFSETS, np.array([2, 0]))
    assert members.tolist() == [3, 4, 5, 6, 0, 1]
    assert starts.tolist() == [0, 4]


def test_no_rows_have_no_members() -> None:
    members, starts = find_members(OFFSETS, np.array([], dtype=np.int64))
    assert (members.tolist(), starts.tolist()) == ([], [])


def test_first_of_equal_values_is_found() -> None:
    assert find_firsts(np.array([2, 2, 5, 7, 7, 7])).tolist() == [0, 2, 3]
    assert find_firsts(np.array([], dtype=np.int32)).tolist() == []
