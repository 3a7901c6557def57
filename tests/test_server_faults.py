"""A running server among hostile readers, bad disks and bad publications: it goes on answering."""

from __future__ import annotations

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.notices import EMERGENCY_SIGNS
from app.settings import SERVED, Settings
from ask import find_server
from running import Server, start_server
from tests.index.broken import BROKEN
from tests.test_server import connect, wait_for

pytestmark = pytest.mark.processes


def thorough(*kinds: object) -> list[object]:
    """Kinds of a fault of which others are tried in every run."""
    return [pytest.param(kind, marks=pytest.mark.thorough) for kind in kinds]


QUESTION = "/api/v1/answers?q=is+shuddering+dangerous"
CARD = EMERGENCY_SIGNS[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process that answers, without an index; each test leaves another such one."""
    folder = tmp_path_factory.mktemp("one")
    with start_server(folder / "index", folder / "log", "--workers", "1") as running:
        yield running


def ask(server: Server, path: str, source: str = "127.0.0.1", **headers: str) -> int:
    """The status of one request from another address of this machine; 0 where there is no reply."""
    parts = urlsplit(server.address)
    client = http.client.HTTPConnection(parts.netloc, timeout=10, source_address=(source, 0))
    try:
        client.request("GET", path, headers=headers)
        return client.getresponse().status
    except OSError:
        return 0
    finally:
        client.close()


@pytest.mark.parametrize("kind", ["full", "unread", *thorough("closed")])
def test_log_that_cannot_be_written_touches_no_reply(tmp_path: Path, kind: str) -> None:
    log = Path("/dev/full") if kind == "full" else tmp_path / "pipe"
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nexec {sys.executable} "$@" {"2>&-" * (kind == "closed")}\n', encoding="utf-8"
    )
    python.chmod(0o755)
    with ExitStack() as stack:
        if kind == "unread":
            os.mkfifo(log)
            reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
            stack.callback(os.close, reader)
        server = stack.enter_context(start_server(tmp_path / "index", log, "--workers", "1", python=python))
        assert not Path(f"/proc/{server.workers()[0]}/fd/2").resolve().is_file() or kind == "full"
        client = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
        for _ in range(800):  # twice what a pipe holds
            client.request("GET", "/healthz")
            reply = client.getresponse()
            assert (reply.status, len(reply.read())) == (200, 18)
        client.close()
        os.kill(server.workers()[0], signal.SIGKILL)
        wait_for(lambda: ask(server, "/healthz") == 200)


def test_killed_workers_are_replaced_again_and_again(server: Server) -> None:
    killed: set[int] = set()
    for _ in range(2):
        (worker,) = server.workers()
        killed.add(worker)
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: set(server.workers()) - killed)
        wait_for(lambda: ask(server, "/healthz") == 200)


def test_hang_up_renews_the_processes_and_loses_no_one(server: Server) -> None:
    before = server.workers()
    for _ in range(3):
        server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(server.workers()) == 2 * len(before))
    renewed = {*server.workers()} - {*before}
    for pid in renewed:  # they shall not be ready for now
        os.kill(pid, signal.SIGSTOP)
    server.process.send_signal(signal.SIGHUP)
    assert [ask(server, "/healthz") for _ in range(20)] == [200] * 20
    for pid in renewed:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: ask(server, "/healthz") == 200 and not {*before} & {*server.workers()})
    assert renewed == {*server.workers()}


def test_lack_of_descriptors_ends_no_process(server: Server) -> None:
    (worker,) = server.workers()
    assert ask(server, "/healthz") == 200
    taken = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    usual = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (taken + 4, usual[1]))
    with ExitStack() as clients:
        for _ in range(30):
            clients.enter_context(connect(server))
        time.sleep(1)
    assert ask(server, "/healthz") == 200
    assert server.workers() == [worker]
    resource.prlimit(worker, resource.RLIMIT_NOFILE, usual)


def can_mount() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return os.geteuid() == 0 and not subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.skipif(not can_mount(), reason="only root can mount a small disk")
@pytest.mark.parametrize("room", ["size=16k", *thorough("size=16m")])  # of the second some is left
def test_full_temporary_folder_ends_no_process(tmp_path: Path, room: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    start = tmp_path / "start"
    start.write_text(
        f'#!/bin/sh\nexec unshare -m sh -c \'mount -t tmpfs -o {room} none "$TMPDIR" && '
        f'dd if=/dev/zero of="$TMPDIR/filled" bs=1k count=10000 2>/dev/null; '
        f'exec {sys.executable} "$@"\' sh "$@"\n',
        encoding="utf-8",
    )
    start.chmod(0o755)
    index, log = tmp_path / "index", tmp_path / "log"
    with start_server(index, log, "--workers", "1", python=start, TMPDIR=str(small)) as server:
        before = server.workers()
        for path in ("/healthz", "/articles", "/none", "/api/v1/articles", "/robots.txt", "/?q=zq+xv") * 10:
            assert ask(server, path) in (200, 404, 503)
        assert server.workers() == before


@pytest.mark.parametrize("kind", ["pipe", *thorough("device", "pipe with a reader", "folder")])
def test_start_waits_for_nothing_that_has_the_name_of_its_address(tmp_path: Path, kind: str) -> None:
    (tmp_path / SERVED).symlink_to("/dev/full")
    with ExitStack() as stack:
        if kind != "device":
            (tmp_path / SERVED).unlink()
        if kind.startswith("pipe"):
            os.mkfifo(tmp_path / SERVED)
        if kind == "pipe with a reader":
            stack.callback(os.close, os.open(tmp_path / SERVED, os.O_RDONLY | os.O_NONBLOCK))
        if kind == "folder":
            (tmp_path / SERVED).mkdir()
        server = stack.enter_context(start_server(tmp_path, tmp_path / "log", "--workers", "1"))
        assert ask(server, "/healthz") == 200
        written = None if kind == "folder" else f"{server.address}/"
        assert find_server(Settings(index_dir=tmp_path)) == written


@pytest.mark.parametrize(
    "kind", ["CURRENT is a pipe", *thorough("ONNX of a newer format", "CURRENT is a folder", "no index")]
)
def test_worker_that_starts_with_a_broken_index_does_not_end_the_server(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    index = shutil.copytree(settings.index_dir, tmp_path / "index")
    with start_server(index, tmp_path / "log", "--workers", "1") as server:
        (worker,) = server.workers()
        BROKEN[kind](index)
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: worker not in server.workers() and server.workers())
        wait_for(lambda: ask(server, QUESTION) in (200, 503))
        assert server.process.poll() is None


def flood(server: Server, stop: threading.Event, connections: int, **headers: str) -> list[threading.Thread]:
    """One address that asks for everything, again and again."""
    paths = ("/articles", "/none", QUESTION, "/p/none", "/healthz", "/?q=" + "a" * 900)

    def run(number: int) -> None:
        while not stop.is_set():
            ask(server, paths[number % len(paths)], "127.0.0.9", **headers)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("proxied", [True, *thorough(False)])
def test_one_address_does_not_crowd_out_the_others(settings: Settings, tmp_path: Path, proxied: bool) -> None:
    proxy = {"NIGHTLIGHT_TRUSTED_PROXIES": '["127.0.0.1", "127.0.0.9"]'} if proxied else {}
    with start_server(settings.index_dir, tmp_path / "log", **proxy) as server:
        stop = threading.Event()
        theirs = {"X-Forwarded-For": "2001:db8::9"} if proxied else {}
        threads = flood(server, stop, 48, **theirs)
        time.sleep(1)
        try:
            mine = {"X-Forwarded-For": "203.0.113.7"} if proxied else {}
            # One or two may be late where processors are scarce: 23 to 27 of 40 were refused before.
            assert [ask(server, QUESTION, **mine) for _ in range(20)].count(200) >= 18
        finally:
            stop.set()
            for thread in threads:
                thread.join()


@pytest.mark.thorough
def test_slow_readers_of_large_replies_hold_up_nobody(settings: Settings, tmp_path: Path) -> None:
    body = json.dumps({"questions": ["why does my baby twitch in sleep"] * 50, "k": 20})
    head = "POST /api/v1/answers:batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    patient = {"NIGHTLIGHT_DEADLINE": "60"}
    with start_server(settings.index_dir, tmp_path / "log", **patient) as server, ExitStack() as clients:
        for _ in range(10):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.bind(("127.0.0.9", 0))
            client.connect(("127.0.0.1", urlsplit(server.address).port))
            clients.enter_context(client).sendall(2 * f"{head}{body}".encode())
        time.sleep(4)
        assert [ask(server, "/healthz") for _ in range(6)] == [200] * 6
        assert [ask(server, QUESTION) for _ in range(6)] == [200] * 6
