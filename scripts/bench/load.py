"""Requests over HTTP: as many as a number of connections can, or at a fixed rate whatever the server does."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from urllib.parse import quote, urlsplit

from bench.figures import Spread


class Client:
    """One connection that is kept; opened again when the server closed it."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)

    def get(self, path: str) -> int:
        """The status; the body is read to its end."""
        try:
            return self._get(path)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            return self._get(path)

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._connection.close()

    def _get(self, path: str) -> int:
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        response.read()
        return response.status


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
