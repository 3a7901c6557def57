"""A SQLite file that no longer changes, so that SQLite takes no locks and looks for no journal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote


class Database:
    """One connection for all threads, opened once: what is open stays usable when the file is removed."""

    def __init__(self, path: Path) -> None:
        uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._lock = threading.Lock()

    def all(self, query: str, *values: Any) -> list[Any]:
        """Every row of a query's result."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def each(self, query: str, *values: Any) -> Iterator[Any]:
        """The rows of a large result, one after the other; for one thread alone."""
        yield from self._connection.execute(query, values)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
