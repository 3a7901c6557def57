"""A real server in a process of its own, for the tests that need one."""

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

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r"^Nightlight answers at (http://\S+)/ ")


@dataclass
class Server:
    """A running scripts/serve.py; what it logs goes to ``log``."""

    address: str
    """Without a slash at the end."""
    process: subprocess.Popen[str]
    log: Path


@contextmanager
def start_server(
    index_dir: Path,
    log: Path,
    *options: str,
    python: str | Path = sys.executable,
    cwd: Path = ROOT,
    **settings: str,
) -> Iterator[Server]:
    """Start on a free port, wait until it answers, end it by SIGTERM; ``settings`` go to its environment."""
    command = [str(python), str(ROOT / "scripts" / "serve.py"), "--port", "0", *options]
    variables = {"NIGHTLIGHT_INDEX_DIR": str(index_dir), **settings}
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=cwd,
            env={**os.environ, **variables},
        )
    try:
        yield Server(_read_address(process, log), process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _read_address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout
    line = process.stdout.readline()
    found = ADDRESS.match(line)
    assert found, f"no address but {line!r}; {log.read_text(encoding='utf-8')}"
    return found[1]
