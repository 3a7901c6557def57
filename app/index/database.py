"""A SQLite file that no longer changes, read by several threads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote


class Database:
    """One read-only connection a thread; SQLite takes no locks and looks for no journal."""

    def __init__(self, path: Path) -> None:
        self._uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            # Only closing happens in another thread.
            found = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            self._local.connection = found
            self._connections.append(found)
        return found

    def all(self, query: str, *values: Any) -> list[Any]:
        """Every row of a query's result."""
        return self.connection().execute(query, values).fetchall()

    def each(self, query: str, *values: Any) -> Iterator[Any]:
        """The rows of a large result, one after the other."""
        yield from self.connection().execute(query, values)

    def close(self) -> None:
        """Close every thread's connection."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()
