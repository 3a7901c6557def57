"""Nightlight and the plain way as real servers: how soon they answer, and what they weigh."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.load import Client

SCRIPTS = Path(__file__).resolve().parents[1]
WORKERS = 2
PATIENCE = 180.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to serve: what to start, and the beginning of a question's address."""

    name: str
    command: tuple[str, ...]
    path: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has answered."""

    address: str
    process: subprocess.Popen[bytes]
    seconds: float
    """From the start of its process to its first answer."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one worker, in MB."""

    resident: float
    own: float
    """What it shares with nobody."""


def describe_ours(index_dir: Path) -> Kind:
    """Everything on, two workers; the limits that are meant for strangers are out of the way."""
    command = (sys.executable, str(SCRIPTS / "serve.py"), "--workers", str(WORKERS), "--port")
    environment = {
        "NIGHTLIGHT_INDEX_DIR": str(index_dir),
        "NIGHTLIGHT_RATE_LIMIT": "1000000 per second",
        "NIGHTLIGHT_QUEUE": "128",
    }
    return Kind("Nightlight", command, "/api/v1/answers?q=", environment)


def describe_page(index_dir: Path) -> Kind:
    """The same, asked for its page."""
    return replace(describe_ours(index_dir), name="Nightlight's page", path="/?q=")


def describe_plain(vectors: Path) -> Kind:
    """gunicorn with as many workers, its other settings as they are."""
    command = (sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "plain:app", "--bind")
    return Kind("plain", command, "/answers?q=", {"PLAIN_VECTORS": str(vectors), "PYTHONPATH": str(SCRIPTS)})


@contextmanager
def serve(kind: Kind) -> Iterator[Running]:
    """Start, wait for the first answer, and end it when done."""
    port = _find_port()
    target = f"127.0.0.1:{port}" if kind.command[-1] == "--bind" else str(port)
    started = time.perf_counter()
    process = subprocess.Popen(
        [*kind.command, target],
        env={**os.environ, **kind.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await_answer(address, kind, process, started + PATIENCE)
        yield Running(address, process, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def weigh_workers(running: Running) -> list[Memory]:
    """The memory of each worker."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    return [_weigh(int(child)) for child in children]


def _weigh(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) / 1024 for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


def _await_answer(address: str, kind: Kind, process: subprocess.Popen[bytes], end: float) -> None:
    while time.perf_counter() < end and process.poll() is None:
        try:
            if Client(address).get(f"{kind.path}shuddering") == 200:
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{kind.name} did not start")


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
