"""How much one address may ask, and what counts as one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import ip_address
from secrets import token_bytes

QUESTION, REQUEST = 10, 1
"""What a question takes of an allowance, and of that what every request takes before it is read."""
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
MAX_ADDRESSES = 100_000
"""Addresses that are remembered; of more the oldest are forgotten."""
_LOCAL = ("127.", "::1")
"""How this machine's own addresses begin: its operator's, or those of a proxy that is not named."""
_FORWARDED = re.compile(rb"^x-forwarded-for:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Allowance:
    """What each household has taken in its running window, in this process's memory, as hashes."""

    def __init__(self, limit: str, now: Callable[[], float] = time.monotonic) -> None:
        """``limit`` is in questions, as "120 per minute"."""
        count, _, unit = limit.partition(" per ")
        self._most, self._seconds, self._now = QUESTION * int(count), SECONDS[unit], now
        self._lock = threading.Lock()
        self._key = token_bytes(32)
        self._taken: dict[bytes, tuple[int, float]] = {}

    def take(self, household: str, cost: int) -> float:
        """Count ``cost``; gives 0 or, where it is too much and is not counted, the seconds to wait.

        This machine itself may ask for ever.
        """
        if household.startswith(_LOCAL):
            return 0
        address = blake2b(household.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
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


def household_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64, which is one household's; "unknown" where it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if found.version == 4 or found.is_loopback else found.exploded[:19]


def forwarded_address(head: bytes) -> str:
    """The last address that a proxy names in a request's head; "" where it names none."""
    named = _FORWARDED.findall(head.partition(b"\r\n\r\n")[0])
    return named[-1].rpartition(b",")[2].strip().decode("latin-1") if named else ""
