"""Many requests from one thread, each on a connection of its own: cheap, so that the server has the cores."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE = 30.0
"""Seconds after which a request counts as lost."""


@dataclass(frozen=True, slots=True)
class Response:
    """How one request went; status 0 is a connection that broke."""

    status: int
    seconds: float
    """From the moment when it was due: who waits to be sent waits too (no coordinated omission)."""
    late: float
    """Of these, until its bytes were sent: what this program, which shares the cores, took itself."""


@dataclass(slots=True)
class _Exchange:
    """One request on its way."""

    due: float
    request: bytes
    connection: socket.socket
    sent: float = 0.0
    reply: bytearray = field(default_factory=bytearray)

    def read_status(self) -> int:
        """Of a whole reply, else 0."""
        return int(self.reply[9:12]) if self.reply.endswith(b"}") else 0


class Flood:
    """Sends requests and collects the replies; ``make_request`` gives the bytes of the n-th."""

    def __init__(self, port: int, make_request: Callable[[int], bytes]) -> None:
        self._address = ("127.0.0.1", port)
        self._make_request = make_request
        self._selector = selectors.DefaultSelector()
        self._number = 0
        self.replies: list[Response] = []

    def pace(self, rate: float, seconds: float) -> list[Response]:
        """Requests at a fixed rate, whether or not earlier ones have been answered (open loop)."""
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            while (wait := due - time.perf_counter()) > 0:
                self._turn(wait)
            self._turn(0)
            self._begin(due)
        return self._finish()

    def press(self, clients: int, total: int) -> list[Response]:
        """So many at a time, each followed by another as soon as it is answered (closed loop)."""
        for _ in range(total):
            while self._waiting() >= clients:
                self._turn(1)
            self._begin(time.perf_counter())
        return self._finish()

    def _waiting(self) -> int:
        return len(self._selector.get_map())

    def _finish(self) -> list[Response]:
        while self._waiting():
            self._turn(1)
        return self.replies

    def _begin(self, due: float) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(self._address)
        exchange = _Exchange(due, self._make_request(self._number), connection)
        self._number += 1
        self._selector.register(connection, selectors.EVENT_WRITE, exchange)

    def _turn(self, timeout: float) -> None:
        """Go on with whatever can."""
        ready = self._selector.select(timeout)
        for key, events in ready:
            try:
                self._go_on(key.data, events)
            except OSError:
                self._end(key.data)
        for exchange in self._find_lost() if not ready else ():
            self._end(exchange)

    def _go_on(self, exchange: _Exchange, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            exchange.connection.sendall(exchange.request)
            exchange.sent = time.perf_counter()
            self._selector.modify(exchange.connection, selectors.EVENT_READ, exchange)
        elif part := exchange.connection.recv(1 << 16):
            exchange.reply += part
        else:
            self._end(exchange)

    def _end(self, exchange: _Exchange) -> None:
        self._selector.unregister(exchange.connection)
        exchange.connection.close()
        status = 0
        with suppress(ValueError):
            status = exchange.read_status()
        now = time.perf_counter()
        self.replies.append(Response(status, now - exchange.due, (exchange.sent or now) - exchange.due))

    def _find_lost(self) -> Iterator[_Exchange]:
        latest = time.perf_counter() - PATIENCE
        return iter([k.data for k in self._selector.get_map().values() if k.data.due < latest])
