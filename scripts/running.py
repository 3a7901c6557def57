"""A server in processes of its own, for the tests and scripts that need one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from console import ROOT

from app.errors import NightlightError

ADDRESS = re.compile(r"^Nightlight answers at (http://\S+)/ ")


@dataclass(frozen=True, slots=True)
class Server:
    """A running scripts/serve.py; what it logs goes to ``log``."""

    address: str
    """Without a slash at the end."""
    process: subprocess.Popen[str]
    log: Path

    @property
    def port(self) -> int:
        """Where it listens on the loopback."""
        return urlsplit(self.address).port or 0

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]


@contextmanager
def start_server(
    index_dir: Path,
    log: Path,
    *options: str,
    python: str | Path = sys.executable,
    cwd: Path = ROOT,
    **settings: str,
) -> Iterator[Server]:
    """Start on a free port, wait until it answers, end it by SIGTERM; ``settings`` go to its environment.

    Raises NightlightError where it does not start.
    """
    command = [str(python), str(ROOT / "scripts" / "serve.py"), "--port", "0", *options]
    variables = {**os.environ, "NIGHTLIGHT_INDEX_DIR": str(index_dir), **settings}
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=cwd, env=variables
        )
    try:
        found = ADDRESS.match(process.stdout.readline() if process.stdout else "")
        if not found:
            raise NightlightError(f"the server did not start: {log.read_text(encoding='utf-8').strip()}")
        yield Server(found[1], process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
