"""scripts/check.py over the project itself: beside other tests, while it takes one core."""

from __future__ import annotations

import pytest

import check


@pytest.mark.clean
def test_ruff_and_mypy_find_nothing() -> None:
    assert check.main() == 0
