"""How much one address may ask, counted in memory under a hash whose key is random and lives for a day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from secrets import token_bytes

from flask import Flask, request
from flask_limiter import Limiter
from limits.storage import Storage

from app.web.reading import BATCHES

BATCH_COST = 10
"""Questions that a batch counts for."""
_QUESTIONS = frozenset({"pages.search_privately", "api.answer_query", "api.answer_json", *BATCHES})
_KEY_BYTES = 32


class AddressHash:
    """Addresses as hashes that cannot be told back, nor recognised on another day."""

    def __init__(self, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today
        self._lock = threading.Lock()
        self._key = (today(), token_bytes(_KEY_BYTES))

    def hash(self, address: str) -> str:
        """Sixteen bytes in hexadecimal; an IPv6 address counts as its /64, which is one household's."""
        return blake2b(_household(address), key=self._key_of_today(), digest_size=16).hexdigest()

    def _key_of_today(self) -> bytes:
        with self._lock:
            today = self._today()
            if self._key[0] != today:
                self._key = (today, token_bytes(_KEY_BYTES))
            return self._key[1]


class SweptStorage(Storage):
    """Counts in this process's memory; what has run out is swept away now and then.

    The library's own memory storage starts a thread for that after nearly every request.
    """

    STORAGE_SCHEME = ("swept",)  # type: ignore[assignment]  # only ever iterated over
    SWEEP_SECONDS = 60.0
    base_exceptions = ()

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_options: str) -> None:
        super().__init__(uri, wrap_exceptions)
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._swept = time.time()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a key's count; the first of a window begins it."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            count, end = self._counts.get(key, (0, 0.0))
            count, end = (count + amount, end) if end > now else (amount, now + expiry)
            self._counts[key] = count, end
        return count

    def get(self, key: str) -> int:
        """A key's count in its window, or 0."""
        count, end = self._counts.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When a key's window ends, in seconds since 1970."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            forgotten = len(self._counts)
            self._counts.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        if now - self._swept > self.SWEEP_SECONDS:
            self._counts = {key: entry for key, entry in self._counts.items() if entry[1] > now}
            self._swept = now


def init_limits(app: Flask, limit: str) -> None:
    """Let one address ask ``app`` no more questions than ``limit`` ("120 per minute") says."""
    addresses = AddressHash()
    limiter = Limiter(
        lambda: addresses.hash(request.remote_addr or ""),
        app=app,
        application_limits=[limit],
        application_limits_cost=find_cost,
        storage_uri="swept://",
    )
    limiter.request_filter(is_free)
    app.extensions["nightlight.limiter"] = limiter


def is_free() -> bool:
    """Only questions count, and not those of this machine itself: its operator's, or a proxy's not named."""
    asked = request.endpoint in _QUESTIONS or (request.endpoint == "pages.search" and "q" in request.args)
    return not asked or is_local(request.remote_addr or "")


def is_local(address: str) -> bool:
    """True for loopback addresses."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def find_cost() -> int:
    """How many questions this request counts for."""
    return BATCH_COST if request.endpoint in BATCHES else 1


def find_wait(app: Flask) -> int:
    """Seconds until the address that was just refused may ask again."""
    current = app.extensions["nightlight.limiter"].current_limit
    return max(1, round(current.reset_at - time.time())) if current else 1


def _household(address: str) -> bytes:
    try:
        found = ip_address(address)
    except ValueError:
        return address.encode("utf-8", "replace")
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped.packed if found.ipv4_mapped else found.packed[:8]
    return found.packed
