#!/usr/bin/env python3
"""Send everything that is wrong: schemathesis, hypothesis, raw bytes, and atheris where it is installed."""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from console import ROOT, run

from app.settings import Settings
from running import Server, start_server

CANARY = "zebracanary"
REQUESTS_PER_EXAMPLE = 18
BUSY = "503"
SEEDS = tuple(
    request.encode()
    for request in (
        f"GET /?q={CANARY}+twitch HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /api/v1/answers?q={CANARY}&k=5 HTTP/1.1\r\nHost: localhost\r\nReferer: {CANARY}\r\n\r\n",
        f"GET http://localhost/?q={CANARY} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: 13\r\n\r\nq={CANARY}",
        "POST /api/v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f'Transfer-Encoding: chunked\r\n\r\n1b\r\n{{"question": "{CANARY}"}}\r\n0\r\n\r\n',
        f"GET /articles/{CANARY} HTTP/1.0\r\n\r\nGET /?q={CANARY} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET /metrics%2f?{CANARY} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /a/../%6detrics/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {CANARY}\r\n\r\n",
        f"GET /?q={CANARY}{'q' * 990} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /api/v1/answers?q={CANARY}{'+zxqj' * 190} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /api/v1/answers?q={CANARY}{'%CC%81' * 980} HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
)
TOKENS = (
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"%00",
    b"%",
    b": ",
    b"99999999999",
    b"-1",
    b"chunked",
    b"\r",
    b"[",
)


def mutate(seed: bytes, chance: random.Random) -> bytes:
    """The request with a few stretches cut, doubled, flipped or replaced."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 2, 8, 40)))
        token = chance.choice((b"", bytes(data[start:end]) * 2, chance.choice(TOKENS), chance.randbytes(3)))
        data[start:end] = token
    return bytes(data)


def exchange(port: int, data: bytes) -> str:
    """Send bytes and give the status of the reply; empty when the server just hung up."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            head = client.recv(64)
    except ConnectionError:
        return ""
    return head[9:12].decode("latin-1")


def fuzz_sockets(seconds: float) -> bool:
    """Raw bytes against a running server: no 5xx, no worker lost, nothing of what was sent in its log."""
    chance, statuses = random.Random(0), Counter[str]()  # noqa: S311 - repeatable, not secret
    index = Settings().index_dir
    with tempfile.TemporaryDirectory() as folder, start_server(index, Path(folder) / "log") as server:
        workers, end = server.workers(), time.monotonic() + seconds
        while time.monotonic() < end:
            statuses[exchange(server.port, mutate(chance.choice(SEEDS), chance))] += 1
        return report_sockets(server, workers, statuses)


def report_sockets(server: Server, workers: list[int], statuses: Counter[str]) -> bool:
    """Print what came back, and say whether all is well."""
    faults = sum(count for status, count in statuses.items() if status.startswith("5") and status != BUSY)
    leaked = CANARY in server.log.read_text(encoding="utf-8")
    lost = len(set(workers) - set(server.workers()))
    total = sum(statuses.values())
    print(f"raw sockets: {total} requests, {dict(sorted(statuses.items()))}, 5xx {faults}, ", end="")
    print(f"workers lost {lost}, text in the log: {'yes' if leaked else 'no'}", flush=True)
    return not (faults or lost or leaked)


def fuzz_endpoints(requests: int) -> bool:
    """Schemathesis and hypothesis, through the tests that do the same in small."""
    examples = max(1, requests // REQUESTS_PER_EXAMPLE)
    print(f"schemathesis and hypothesis: {examples} examples each, about {requests} requests", flush=True)
    # Nine tenths of the time goes into making examples up, in one thread a test: a process for each core.
    spread = ("-n", str(os.cpu_count() or 1), "--dist", "worksteal", "--durations=0")
    tests = ("tests/web/document.py", "tests/web/test_fuzz.py", "-k", "not test_fuzz.py or not document")
    options = ("-p", "schemathesis.pytest.plugin", "--show-capture=no")
    command = [sys.executable, "-m", "pytest", *options, *spread, *tests]
    variables = {**os.environ, "FUZZ_EXAMPLES": str(examples)}
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode == 0


def fuzz_coverage(seconds: int) -> bool:
    """Atheris on the article parser and the question path, each in a process that it ends by itself."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (pip install atheris): its part is left out", flush=True)
        return True
    targets = ("parser", "question")
    command = [sys.executable, __file__]
    runs = [[*command, "--target", name, "--seconds", str(seconds // len(targets))] for name in targets]
    return all(subprocess.run(each, check=False).returncode == 0 for each in runs)


def fuzz_target(name: str, seconds: int) -> None:
    """Run one of atheris's targets; it leaves the process."""
    import atheris

    with atheris.instrument_imports(include=["app"]):
        target = make_parser_target() if name == "parser" else make_question_target()
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={seconds}",
            "-verbosity=0",
            f"-artifact_prefix={tempfile.gettempdir()}/",
        ],
        target,
    )
    atheris.Fuzz()


def make_parser_target() -> Callable[[bytes], None]:
    """Any text as an article: a CorpusError, or passages that are each its span."""
    from dataclasses import replace

    from app.corpus.catalog import read_corpus
    from app.corpus.passages import cut_article
    from app.errors import CorpusError
    from app.settings import Settings

    model = read_corpus(Settings().corpus_dir)[0]

    def cut(data: bytes) -> None:
        article = replace(model, text=data.decode("utf-8", "ignore"))
        try:
            passages = cut_article(article)
        except CorpusError:
            return
        for passage in passages:
            if article.text[passage.start : passage.end] != passage.text:
                raise ValueError("a passage is not its span")

    return cut


def make_question_target() -> Callable[[bytes], None]:
    """Any text as a question: an answer or a QuestionError."""
    from app.answering.opening import open_answerer
    from app.errors import QuestionError
    from app.settings import Settings

    answerer = open_answerer(Settings())

    def ask(data: bytes) -> None:
        try:
            answerer.answer(data.decode("utf-8", "surrogateescape"))
        except QuestionError:
            return

    return ask


def main() -> int:
    """Short by default; --full is 100,000 requests and ten minutes of each fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="of schemathesis and hypothesis")
    parser.add_argument("--seconds", type=int, default=20, help="of raw sockets, and of atheris")
    parser.add_argument("--full", action="store_true", help="100,000 requests and 600 seconds")
    parser.add_argument("--target", choices=("parser", "question"), help="only this target of atheris")
    options = parser.parse_args()
    requests, seconds = (100_000, 600) if options.full else (options.requests, options.seconds)
    if options.target:
        fuzz_target(options.target, seconds)
    return 0 if all([fuzz_endpoints(requests), fuzz_sockets(seconds), fuzz_coverage(seconds)]) else 1


if __name__ == "__main__":
    run(main)
