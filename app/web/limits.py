"""The door: how much one address may ask, how much is in hand at once; the rest is refused at once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from math import ceil
from secrets import token_bytes
from typing import Any

from werkzeug.wsgi import ClosingIterator

Application = Any
"""A WSGI application; werkzeug's own type is for checkers only."""
Environment = dict[str, Any]
Refuse = Callable[[int, Environment], tuple[str, list[tuple[str, str]], bytes]]
"""Status and environment -> status line, headers and body."""
CHARGE = "nightlight.charge"
"""Where a request's environment has what takes from its address's allowance: questions -> seconds to wait."""

QUESTION, OTHER = 10, 1
"""What a question and any other request take of an allowance."""
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
HEARD = "30 per minute"
"""Refusals to one address that look for an emergency in what was asked; more would cost too much."""
MAX_ADDRESSES = 100_000
"""Addresses that are remembered; of more the oldest are forgotten."""
SENT_AT_ONCE = 65_536
"""Bytes of a reply that the system takes over at once, however slowly its reader reads."""
_KEY_BYTES = 32
logger = logging.getLogger(__name__)


class AddressHash:
    """Addresses as hashes that cannot be told back, nor recognised on another day."""

    def __init__(self, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today
        self._lock = threading.Lock()
        self._key = (today(), token_bytes(_KEY_BYTES))

    def hash(self, address: str) -> bytes:
        """Sixteen bytes; an IPv6 address counts as its /64, which is one household's."""
        return blake2b(_household(address), key=self._key_of_today(), digest_size=16).digest()

    def _key_of_today(self) -> bytes:
        with self._lock:
            today = self._today()
            if self._key[0] != today:
                self._key = (today, token_bytes(_KEY_BYTES))
            return self._key[1]


class Allowance:
    """What each address has taken in its running window, in this process's memory."""

    def __init__(self, limit: str, now: Callable[[], float] = time.monotonic) -> None:
        """``limit`` is in questions, as "120 per minute"."""
        count, _, unit = limit.partition(" per ")
        self._most, self._seconds, self._now = QUESTION * int(count), SECONDS[unit], now
        self._lock = threading.Lock()
        self._taken: dict[bytes, tuple[int, float]] = {}

    def take(self, address: bytes, cost: int) -> float:
        """Count ``cost``; gives 0 or, where it is too much and is not counted, the seconds to wait."""
        with self._lock:
            now = self._now()
            taken, end = self._taken.get(address, (0, now))
            if end <= now:
                self._taken.pop(address, None)  # so that the oldest windows stand first
                taken, end = 0, now + self._seconds
            if taken + cost > self._most:
                return end - now
            self._taken[address] = taken + cost, end
            while len(self._taken) > MAX_ADDRESSES or next(iter(self._taken.values()))[1] <= now:
                del self._taken[next(iter(self._taken))]
            return 0


class Door:
    """WSGI middleware: lets a request in or refuses it at once, before it waits for anything.

    At most ``room`` requests are in hand in this process, half of it one address's, until their replies are
    sent. Those of this machine itself take nothing of an allowance: its operator's, or those of a proxy
    that is not named.
    """

    def __init__(self, application: Application, refuse: Refuse, *, room: int, limit: str) -> None:
        self._application, self._refuse, self._room = application, refuse, room
        self._allowance, self._heard = Allowance(limit), Allowance(HEARD)
        self._addresses = AddressHash()
        self._lock = threading.Lock()
        self._in_hand: Counter[bytes] = Counter()

    def __call__(self, environ: Environment, start_response: Any) -> Iterable[bytes]:
        """The application's reply, or the refusal."""
        if "HTTP_HOST" not in environ and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            return self._send(400, environ, start_response)
        remote = environ.get("REMOTE_ADDR") or ""
        address, free = self._addresses.hash(remote), is_local(remote)

        def charge(questions: int) -> float:
            return 0 if free else self._allowance.take(address, QUESTION * questions)

        environ[CHARGE] = charge
        wait = charge(1) if may_ask(environ) else 0 if free else self._allowance.take(address, OTHER)
        if wait:
            return self._send(
                429, self._hear(address, environ), start_response, ("Retry-After", str(ceil(wait)))
            )
        with self._lock:
            crowded = self._in_hand.total() >= self._room or (
                self._in_hand[address] >= max(1, self._room // 2)
            )
            if not crowded:
                self._in_hand[address] += 1
        if crowded:
            return self._send(503, self._hear(address, environ), start_response)

        def leave() -> None:
            with self._lock:
                self._in_hand[address] -= 1
                if not self._in_hand[address]:
                    del self._in_hand[address]

        size = 0

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal size
            size = next((int(value) for name, value in headers if name == "Content-Length"), 0)
            return start_response(status, headers, *more)

        try:
            body: Iterable[bytes] = self._application(environ, start)
            if size > SENT_AT_ONCE:
                return ClosingIterator(body, leave)
            leave()
            return body  # noqa: TRY300
        except Exception as error:
            # Even the error page failed. The error's own words may quote what was typed.
            leave()
            logger.error("no reply could be made: %s", type(error).__name__)  # noqa: TRY400
            return self._send(500, environ, start_response)

    def _hear(self, address: bytes, environ: Environment) -> Environment:
        return {**environ, "QUERY_STRING": ""} if self._heard.take(address, QUESTION) else environ

    def _send(
        self, status: int, environ: Environment, start_response: Any, *more: tuple[str, str]
    ) -> Iterable[bytes]:
        line, headers, body = self._refuse(status, environ)
        start_response(line, [*headers, *more])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def may_ask(environ: Environment) -> bool:
    """Whether a request may put a question; what it is, is read later."""
    path = environ.get("PATH_INFO") or "/"
    asks = path == "/" or path.startswith("/api/v1/answers")
    return environ["REQUEST_METHOD"] == "POST" or (asks and bool(environ.get("QUERY_STRING")))


def is_local(address: str) -> bool:
    """True for loopback addresses."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _household(address: str) -> bytes:
    try:
        found = ip_address(address)
    except ValueError:
        return address.encode("utf-8", "replace")
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped.packed if found.ipv4_mapped else found.packed[:8]
    return found.packed
