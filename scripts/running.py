"""What the fuzzer and the soak test share: a server of their own, in processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console import ROOT

from app.errors import NightlightError


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on the loopback."""

    port: int
    pid: int
    log: Path

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]


@contextmanager
def start_server(log: Path, **settings: str) -> Iterator[Running]:
    """Start scripts/serve.py on a free port and end it; ``settings`` go to its environment."""
    command = [sys.executable, str(ROOT / "scripts" / "serve.py"), "--port", "0"]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **settings}
        )
    try:
        yield Running(_read_port(process, log), process.pid, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _read_port(process: subprocess.Popen[str], log: Path) -> int:
    line = process.stdout.readline() if process.stdout else ""
    if "http://" not in line:
        raise NightlightError(f"the server did not start: {log.read_text(encoding='utf-8').strip()}")
    return int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])
