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
from werkzeug.exceptions import TooManyRequests

BATCH_COST = 10
"""Questions that a batch counts for."""
_QUESTIONS = frozenset({"pages.search_privately", "api.answer_query", "api.answer_json", "api.answer_batch"})
_KEY_BYTES = 32
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""The units that the setting may name."""


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


class Counts:
    """How much each key has had in its window, in this process's memory, swept now and then."""

    SWEEP_SECONDS = 60.0

    def __init__(self, allowed: int, seconds: float) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._swept = time.time()

    def add(self, key: str, amount: int) -> float:
        """Count; seconds until the key's window ends if it is over what is allowed, else 0.

        The first of a window begins it.
        """
        now = time.time()
        with self._lock:
            self._sweep(now)
            count, end = self._counts.get(key, (0, 0.0))
            count, end = (count + amount, end) if end > now else (amount, now + self._seconds)
            self._counts[key] = count, end
        return end - now if count > self._allowed else 0.0

    def _sweep(self, now: float) -> None:
        if now - self._swept > self.SWEEP_SECONDS:
            self._counts = {key: entry for key, entry in self._counts.items() if entry[1] > now}
            self._swept = now


def read_limit(limit: str) -> Counts:
    """Counts for a setting's "120 per minute"."""
    allowed, _, unit = limit.split()
    return Counts(int(allowed), _SECONDS[unit])


def init_limits(app: Flask, limit: str) -> None:
    """Let one address ask ``app`` no more questions than ``limit`` ("120 per minute") says."""
    addresses, counts = AddressHash(), read_limit(limit)

    def count() -> None:
        if is_free():
            return
        wait = counts.add(addresses.hash(request.remote_addr or ""), find_cost())
        if wait:
            raise TooManyRequests(retry_after=max(1, round(wait)))

    app.before_request(count)


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
    return BATCH_COST if request.endpoint == "api.answer_batch" else 1


def _household(address: str) -> bytes:
    try:
        found = ip_address(address)
    except ValueError:
        return address.encode("utf-8", "replace")
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped.packed if found.ipv4_mapped else found.packed[:8]
    return found.packed
