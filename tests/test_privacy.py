"""What people type is nowhere to be found afterwards; nothing is unpickled, fetched or sent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from app.settings import Settings
from running import ROOT, Server, start_server
from tests.test_server import send_raw

pytestmark = pytest.mark.processes

CANARY = "zebracanary"
ADDRESS = "203.0.113.99"
FAILING = (
    f"/?q={CANARY}%00",
    f"/?q={CANARY}%FF",
    f"/?q={CANARY * 100}",
    f"/?q={CANARY}&k=0",
    f"/api/v1/answers?q={CANARY}&q={CANARY}",
    f"/api/v1/answers?{CANARY}=1",
    f"/{CANARY}",
    f"/articles/{CANARY}",
    f"/p/{CANARY}",
    f"/static/{CANARY}",
)
WATCH = """
import sys
seen = set()
def watch(event, arguments):
    if event in ("pickle.find_class", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        seen.add(event)
    if event == "socket.connect":
        seen.add(f"{event} {arguments[1]}")
sys.addaudithook(watch)
from app.settings import Settings
from app.web import create_app
app = create_app(Settings(_env_file=None, index_dir=sys.argv[1], metrics_readers=["127.0.0.1"]))
client = app.test_client()
for path in ("/", "/?q=is+shuddering+dangerous", "/articles", "/about", "/api", "/metrics", "/readyz"):
    assert client.get(path).status_code == 200, path
assert client.post("/api/v1/answers", json={"question": "why do legs twitch"}).status_code == 200
print(sorted(seen))
"""


def ask(server: Server, path: str, body: bytes | None = None) -> int:
    headers = {"User-Agent": f"agent-{CANARY}", "X-Forwarded-For": ADDRESS, "Cookie": f"a={CANARY}"}
    headers["Referer"] = f"https://{CANARY}.example/"
    if body is not None:
        headers["Content-Type"] = "application/json" if body.startswith(b"{") else "text/plain"
    request = urllib.request.Request(server.address + path, data=body, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310 - our own server
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def find_leaks(words: tuple[str, ...], *folders: Path) -> list[str]:
    """Files below these folders, or in the log's own text, that hold any of the words."""
    wanted = [word.encode() for word in words]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(word in path.read_bytes() for word in wanted)]


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_trace_of_a_question_is_left(settings: Settings, tmp_path: Path, count: int) -> None:
    index = shutil.copytree(settings.index_dir, tmp_path / "index")
    readers = {"NIGHTLIGHT_METRICS_READERS": '["127.0.0.1"]'}
    private = {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    for folder in private.values():
        Path(folder).mkdir()
    with start_server(
        index, tmp_path / "log", "--workers", "1", cwd=tmp_path, **private, **readers
    ) as server:
        for number in range(count // 4):
            words = quote(f"{CANARY}{number} does my baby twitch in sleep")
            assert ask(server, f"/?q={words}") == 200
            assert ask(server, f"/api/v1/answers?q={words}") == 200
            body = {"question": f"{CANARY}{number} is shuddering dangerous"}
            assert ask(server, "/api/v1/answers", json.dumps(body).encode()) == 200
            assert ask(server, FAILING[number % len(FAILING)]) in (400, 404)
        assert ask(server, "/api/v1/answers", f'{{"question": "{CANARY}", "k": "{CANARY}"}}'.encode()) == 400
        assert ask(server, "/api/v1/answers", f"{CANARY}".encode()) == 415
        assert ask(server, "/api/v1/answers", f'{{"{CANARY}": "{"x" * 9000}"}}'.encode()) == 413
        status, _, body_text = send_raw(server, f"GET /?q={CANARY} HTTP/9.9\r\n\r\n")
        assert (status, CANARY in body_text) == (400, False)
        with urllib.request.urlopen(f"{server.address}/metrics", timeout=20) as reply:  # noqa: S310
            assert CANARY not in reply.read().decode()
        assert find_leaks((CANARY, ADDRESS, "agent-", "Referer"), tmp_path) == []
    log = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    fields = {"route", "status", "ms", "generation", "outcome", "length", "request"}
    assert len(log) >= count
    assert {frozenset(json.loads(line)) for line in log if line.startswith("{")} == {frozenset(fields)}
    assert find_leaks((CANARY, ADDRESS, "agent-"), tmp_path) == []


def test_serving_unpickles_nothing_and_looks_up_nothing(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, settings.index_dir],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def can_unshare() -> bool:
    return os.geteuid() == 0 and not subprocess.run(["unshare", "-n", "true"], check=False).returncode


@pytest.mark.skipif(not can_unshare(), reason="only root can make a namespace without a network")
def test_server_starts_and_answers_without_any_network(settings: Settings, tmp_path: Path) -> None:
    program = tmp_path / "ask.py"
    program.write_text(
        "import pathlib, sys, urllib.request\n"
        "from running import start_server\n"
        "with start_server(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) as server:\n"
        "    path = '/api/v1/answers?q=is+shuddering+dangerous'\n"
        "    print(urllib.request.urlopen(server.address + path, timeout=20).status)\n",
        encoding="utf-8",
    )
    inside = f"ip link set lo up && {sys.executable} {program} {settings.index_dir} {tmp_path / 'log'}"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", inside],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
