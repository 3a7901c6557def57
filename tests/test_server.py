"""app/server.py under scripts/serve.py: a real gunicorn in processes of its own."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from app import notices
from app.errors import describe_fault
from running import ROOT, Server, start_server

pytestmark = pytest.mark.processes

CANARY = "zebracanary"
JSON = "application/json"
MALFORMED = {
    "no request line": f"{CANARY}\r\n\r\n",
    "unknown version": f"GET /?q={CANARY} HTTP/9.9\r\n\r\n",
    "space in a header's name": f"GET / HTTP/1.1\r\nHost: a\r\nbad header: {CANARY}\r\n\r\n",
    "unknown transfer coding": f"GET /?q={CANARY} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n",
    "200 headers": "GET / HTTP/1.1\r\nHost: a\r\n" + f"X-A: {CANARY}\r\n" * 200 + "\r\n",
    "TLS to a plain port": f"\x16\x03\x01{CANARY}\r\n\r\n",
    "unknown expectation": f"GET /?q={CANARY} HTTP/1.1\r\nHost: a\r\nExpect: {CANARY}\r\n\r\n",
    "broken chunk": "POST /api/v1/answers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    f"Transfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in which each address of a proxy's may have two requests in hand."""
    folder = tmp_path_factory.mktemp("small")
    few = {"NIGHTLIGHT_QUEUE": "8", "NIGHTLIGHT_TRUSTED_PROXIES": '["127.0.0.1"]'}
    with start_server(folder / "index", folder / "log", "--workers", "1", **few) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has no index yet."""
    folder = tmp_path_factory.mktemp("server")
    with start_server(folder / "index", folder / "log", "--workers", "1") as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has room for one request."""
    folder = tmp_path_factory.mktemp("narrow")
    with start_server(folder / "index", folder / "log", "--workers", "1", NIGHTLIGHT_QUEUE="1") as running:
        yield running


def wait_for(holds: Callable[[], object], seconds: float = 20) -> None:
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.05)


def connect(server: Server) -> socket.socket:
    parts = urlsplit(server.address)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def send_raw(server: Server, raw: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the reply to raw bytes."""
    with connect(server) as client:
        client.sendall(raw.encode("latin-1"))
        reply = http.client.HTTPResponse(client)
        reply.begin()
        return reply.status, dict(reply.getheaders()), reply.read().decode()


def fetch_status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 - our own server
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_address_that_is_printed_answers_on_the_loopback_only(server: Server) -> None:
    assert urlsplit(server.address).hostname == "127.0.0.1"
    assert fetch_status(f"{server.address}/healthz") == 200


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_gets_400_with_the_notices_and_nothing_of_itself(server: Server, raw: str) -> None:
    status, headers, body = send_raw(server, raw)
    assert status == 400
    assert notices.EMERGENCY_SIGNS[0] in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert CANARY not in f"{headers}{body}"


def test_request_line_over_16_kib_gets_414_with_the_notices(server: Server) -> None:
    status, _, body = send_raw(server, f"GET /?q={'a' * 17_000} HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status == 414
    assert notices.EMERGENCY_SIGNS[0] in body


def test_longest_question_of_four_byte_characters_is_not_too_long_for_a_request_line(server: Server) -> None:
    assert fetch_status(f"{server.address}/api/v1/answers?q={quote('😀' * 1000)}") != 414


def test_log_holds_nothing_of_any_request(server: Server) -> None:
    for raw in MALFORMED.values():
        send_raw(server, raw)
    fetch_status(f"{server.address}/?q={CANARY}")
    assert CANARY not in server.log.read_text(encoding="utf-8")


@contextmanager
def hold_the_only_place(narrow: Server) -> Iterator[None]:
    """A request that does not come to its end, from when it is in hand to when it is let go."""
    head = f"POST /api/v1/answers HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nContent-Length: 9\r\n\r\n"
    with connect(narrow) as slow:
        slow.sendall(head.encode())
        time.sleep(0.3)
        yield
    wait_for(lambda: fetch_status(f"{narrow.address}/healthz") == 200)


def test_full_queue_is_told_at_once_in_the_form_that_was_asked_for(narrow: Server) -> None:
    with hold_the_only_place(narrow):
        started = time.perf_counter()
        status, headers, body = send_raw(narrow, "GET /?q=a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert time.perf_counter() - started < 0.5
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "3", "no-store")
        assert notices.EMERGENCY_SIGNS[0] in body
        status, headers, body = send_raw(narrow, "GET /api/v1/answers?q=a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (status, headers["Content-Type"]) == (503, JSON)
        assert json.loads(body)["error"]["code"] == "busy"
        assert notices.EMERGENCY_SIGNS[0] in json.loads(body)["notices"]["emergency"]
    wait_for(lambda: '"status": 503' in narrow.log.read_text(encoding="utf-8"))


def test_refusal_wakes_no_thread(narrow: Server) -> None:
    def count_switches(worker: int) -> int:
        """How often the worker's threads, but for that of the loop, waited for something."""
        tasks = [task for task in Path(f"/proc/{worker}/task").iterdir() if task.name != str(worker)]
        lines = [line for task in tasks for line in (task / "status").read_text("ascii").splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))

    def ask() -> int:
        return fetch_status(f"{narrow.address}/healthz")

    with hold_the_only_place(narrow):
        before = count_switches(*narrow.workers())
        assert [ask() for _ in range(300)] == [503] * 300
        assert count_switches(*narrow.workers()) - before < 150


def from_proxy(address: str, line: str, more: str = "") -> str:
    return f"{line} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\n{more}\r\n"


def test_one_address_has_a_quarter_of_the_room_and_others_the_rest(small: Server) -> None:
    def ask(address: str) -> int:
        return send_raw(small, from_proxy(address, "GET /healthz"))[0]

    with ExitStack() as clients:

        def hold(address: str) -> None:
            unfinished = from_proxy(
                address, "POST /api/v1/answers", f"Content-Type: {JSON}\r\nContent-Length: 9\r\n"
            )
            clients.enter_context(connect(small)).sendall(unfinished.encode())

        for address in ("2001:db8::1", "2001:db8::2"):  # one household
            hold(address)
        time.sleep(0.3)
        assert (ask("2001:db8::3"), ask("203.0.113.1")) == (503, 200)
        for number in range(6):
            hold(f"203.0.113.{number}")
        time.sleep(0.3)
        assert ask("203.0.113.9") == 503
    wait_for(lambda: ask("203.0.113.9") == 200)


URGENT = quote("she is not breathing and blue")
BODY = json.dumps({"question": "mon b\u00e9b\u00e9 ne respire plus"})
AT_THE_DOOR = (
    (503, f"GET /?q={URGENT}", ""),
    (503, f"GET /api/v1/answers?k=3&q={URGENT}", ""),
    (503, "POST /", f"Content-Length: 50\r\n\r\nq={URGENT}"),
    (503, "POST /api/v1/answers", f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"),
    (400, "GET /?q=she is not breathing and blue", ""),
    (400, f"GET /?q={URGENT}", "bad header: 1\r\n"),
    (414, f"GET /?q={URGENT}+{'a' * 17_000}", ""),
)


@pytest.mark.parametrize("number", range(len(AT_THE_DOOR)))
def test_refusal_at_the_door_tells_an_emergency_once_a_second(small: Server, number: int) -> None:
    def is_told(line: str, more: str) -> bool:
        found, _, body = send_raw(small, from_proxy(address, line, more))
        assert (found, notices.EMERGENCY_SIGNS[0].replace("'", "&#39;")[:9] in body) == (status, True)
        return 'class="card full now"' in body or '"urgency":"now"' in body

    (status, line, more), address = AT_THE_DOOR[number], f"198.51.100.{number}"
    with connect(small) as one, connect(small) as other:
        for crowding in (one, other) if status == 503 else ():
            crowding.sendall(from_proxy(address, "POST /", "Content-Length: 9\r\n").encode())
            time.sleep(0.3)
        time.sleep(1)  # until all may be heard again
        assert is_told(line, more)
        if status != 414:  # whose address would come after what was read
            assert not is_told(line, more)


def test_every_request_counts_before_it_is_read_and_a_tenth_of_a_question(tmp_path: Path) -> None:
    few = {"NIGHTLIGHT_RATE_LIMIT": "3 per hour", "NIGHTLIGHT_TRUSTED_PROXIES": '["127.0.0.1"]'}
    index, log = tmp_path / "index", tmp_path / "log"
    with start_server(index, log, "--workers", "1", **few) as server:
        asked = {
            "GET /": 503,
            "GET /articles": 503,
            "GET /zebra": 404,
            "BREW /": 405,
            "GET /healthz": 200,
            "GET /healthz HTTP/1.1\r\nbad header: ": 400,
        }
        for _ in range(5):
            for line, status in asked.items():
                assert send_raw(server, from_proxy("203.0.113.7", line))[0] == status
        for line in asked:
            status, headers, body = send_raw(server, from_proxy("203.0.113.7", line))
            assert (status, 3000 < int(headers["Retry-After"]) <= 3600) == (429, True)
            assert notices.EMERGENCY_SIGNS[0] in body
        urgent = send_raw(server, from_proxy("203.0.113.7", f"GET /?q={URGENT}"))
        assert (urgent[0], 'class="card full now"' in urgent[2]) == (429, True)
        assert send_raw(server, from_proxy("203.0.113.8", "GET /healthz"))[0] == 200


def test_clients_that_say_nothing_hold_up_nobody(server: Server) -> None:
    with ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(connect(server))
        started = time.perf_counter()
        assert fetch_status(f"{server.address}/healthz") == 200
        assert time.perf_counter() - started < 2


def test_clients_that_stay_after_their_last_reply_hold_up_nobody(server: Server) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with ExitStack() as clients:
        started = time.perf_counter()
        for _ in range(5):
            staying = clients.enter_context(connect(server))
            staying.sendall(ask)
            assert staying.recv(4) == b"HTTP"
        assert fetch_status(f"{server.address}/healthz") == 200
        assert time.perf_counter() - started < 1.5


def test_reply_to_a_body_that_nobody_read_arrives_whole(server: Server) -> None:
    body = "x" * 60_000
    head = f"POST /api/v1/answers HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nConnection: close\r\n"
    for _ in range(20):
        status, _, reply = send_raw(server, f"{head}Content-Length: {len(body)}\r\n\r\n{body}")
        assert (status, json.loads(reply)["error"]["code"]) == (413, "too_large")


def test_reply_without_a_body_is_sent_at_once_and_the_connection_kept(server: Server) -> None:
    client = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
    started = time.perf_counter()
    for method in ("HEAD", "GET", "HEAD"):
        client.request(method, "/healthz")
        reply = client.getresponse()
        assert (reply.status, len(reply.read())) == (200, 0 if method == "HEAD" else 18)
        assert reply.headers["Content-Length"] == "18"
    assert time.perf_counter() - started < 1
    client.close()


def test_request_that_does_not_arrive_in_time_is_given_up(tmp_path: Path) -> None:
    small = {"NIGHTLIGHT_QUEUE": "8", "NIGHTLIGHT_DEADLINE": "0.5"}
    with (
        start_server(tmp_path / "index", tmp_path / "log", "--workers", "1", **small) as server,
        connect(server) as slow,
    ):
        slow.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert fetch_status(f"{server.address}/healthz") == 200
        assert slow.recv(1000) == b""


def test_processes_count_together_and_leave_nothing_behind(tmp_path: Path) -> None:
    own = {"TMPDIR": str(tmp_path), "NIGHTLIGHT_METRICS_READERS": '["127.0.0.1"]'}
    with start_server(tmp_path / "index", tmp_path / "log", **own) as server:
        for _ in range(20):
            fetch_status(f"{server.address}/healthz")
        with urllib.request.urlopen(f"{server.address}/metrics", timeout=10) as reply:  # noqa: S310
            assert 'route="/healthz",status="200"} 20.0' in reply.read().decode()
        assert len(list(tmp_path.glob("nightlight-counts-*"))) == 1
    assert list(tmp_path.glob("nightlight-counts-*")) == []


def test_fault_is_described_by_kind_and_place() -> None:
    with pytest.raises(KeyError) as caught:
        raise KeyError(CANARY)
    assert describe_fault(caught.value) == f"KeyError at {__file__}:{caught.traceback[-1].lineno + 1}"


def test_terminated_server_finishes_the_request_it_is_reading(tmp_path: Path) -> None:
    body = b'{"question": ""}'
    with (
        start_server(tmp_path / "index", tmp_path / "log", "--workers", "1") as server,
        connect(server) as client,
    ):
        head = "POST /api/v1/answers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        fetch_status(f"{server.address}/healthz")
        server.process.send_signal(signal.SIGTERM)
        client.sendall(body[5:])
        reply = http.client.HTTPResponse(client)
        reply.begin()
        assert reply.status == 400
        assert server.process.wait(timeout=20) == 0


def test_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, ROOT / "scripts" / "serve.py", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"serve.py: cannot listen on 127.0.0.1 port {port}: Address already in use; "
        "--port 0 takes a free one\n",
    )


def test_parent_process_loads_neither_flask_nor_the_index() -> None:
    code = "import sys, app.server; print({'flask', 'numpy', 'faiss', 'app.web'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")
