"""Builders under strace: each a fork of one that has imported everything, so that only building is traced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from app.settings import ROOT

PROGRAM = f"""
import ctypes, os, signal, sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "scripts")!r}]
import nltk, sklearn.linear_model
import reindex
from console import run
sys.argv = ["reindex.py", "--anyway"]
for _ in sys.stdin:
    builder = os.fork()
    if not builder:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER: anyone of this user
        os.kill(os.getpid(), signal.SIGSTOP)
        run(reindex.main)
        sys.exit()
    print(builder, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(builder, 0)[1]), flush=True)
"""


class Ended(NamedTuple):
    """How a builder ended."""

    returncode: int
    stderr: str


class Builders:
    """Starts builders in one environment, one after the other."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process = process
        self._errors = errors

    def run(self, *tracer: str) -> Ended:
        """One build with these options of strace."""
        self._errors.write_bytes(b"")
        print("one more", file=self._write, flush=True)
        builder = int(self._read.readline())
        _await_stop(builder)
        trace = ["strace", "-f", *tracer, f"--attach={builder}"]
        with subprocess.Popen(trace, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr
            said = strace.stderr.readline()
            assert "attached" in said, said
            os.kill(builder, signal.SIGCONT)
            code = int(self._read.readline())
            strace.stderr.read()
        return Ended(code, self._errors.read_text(encoding="utf-8"))

    @property
    def _write(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    @property
    def _read(self) -> IO[str]:
        assert self._process.stdout
        return self._process.stdout


@contextmanager
def start_builders(environment: dict[str, str], folder: Path) -> Iterator[Builders]:
    """Builders that see ``environment``; ``folder`` takes what they say."""
    path = folder / "said by builders"
    with (
        path.open("a", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        yield Builders(process, path)


def _await_stop(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] != "T":
        time.sleep(0.001)
