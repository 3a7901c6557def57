"""A SQLite file that no longer changes, read by several threads."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
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

    def close(self) -> None:
        """Close every thread's connection."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()
