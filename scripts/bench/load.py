"""Requests over HTTP: as many as a number of connections can, or at a fixed rate whatever the server does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from urllib.parse import quote, urlsplit

from bench.figures import Spread


class Client:
    """One connection that is kept; opened again when the server closed it.

    As little of HTTP as both kinds of server need: what a client takes of the shared cores, no server has.
    """

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._connection: socket.socket | None = None

    def get(self, path: str) -> int:
        """The status; the body is read to its end."""
        try:
            return self._get(path)
        except ConnectionError:
            self.close()
            return self._get(path)

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _get(self, path: str) -> int:
        if not self._connection:
            host, _, port = self._host.rpartition(":")
            self._connection = socket.create_connection((host, int(port)), timeout=30)
        self._connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        head = self._read(self._connection)
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head[9:12])

    def _read(self, connection: socket.socket) -> bytes:
        """The head of a reply in small letters, when its whole body has come."""
        reply, head, whole = bytearray(), b"", 0
        while not whole or len(reply) < whole:
            part = connection.recv(1 << 16)
            if not part:
                raise ConnectionResetError("the server closed the connection")
            reply += part
            if not whole and (end := reply.find(b"\r\n\r\n")) >= 0:
                head = bytes(reply[:end]).lower()
                whole = end + 4 + int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        return head


def make_paths(prefix: str, questions: Sequence[str]) -> list[str]:
    """An address for each question."""
    return [prefix + quote(question) for question in questions]


def press(address: str, paths: Sequence[str], connections: int, seconds: float) -> tuple[float, Spread]:
    """Requests a second and their milliseconds, each connection asking again at once (closed loop)."""
    end = time.perf_counter() + seconds
    numbers = count()

    def ask(client: Client, times: list[float]) -> None:
        while (started := time.perf_counter()) < end:
            _require_ok(client.get(paths[next(numbers) % len(paths)]))
            times.append(1e3 * (time.perf_counter() - started))

    times = _run(address, connections, ask)
    return len(times) / seconds, Spread.of(times)


def pace(address: str, paths: Sequence[str], rate: float, seconds: float, connections: int = 16) -> Spread:
    """Milliseconds of requests that are due at a fixed rate (open loop).

    Each is counted from the moment when it was due, so that a server that stalls is charged for everyone
    who waited (no coordinated omission).
    """
    begin, numbers, total = time.perf_counter() + 0.1, count(), int(rate * seconds)

    def ask(client: Client, times: list[float]) -> None:
        while (number := next(numbers)) < total:
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            _require_ok(client.get(paths[number % len(paths)]))
            times.append(1e3 * (time.perf_counter() - due))

    return Spread.of(_run(address, connections, ask))


def _require_ok(status: int) -> None:
    if status != 200:
        raise RuntimeError(f"the server answered {status}")


def _run(address: str, connections: int, ask: Callable[[Client, list[float]], None]) -> list[float]:
    lists: list[list[float]] = [[] for _ in range(connections)]
    threads = [threading.Thread(target=ask, args=(Client(address), times)) for times in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [value for times in lists for value in times]
