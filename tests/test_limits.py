"""app/limits.py: what one address may ask, and what counts as one."""

from __future__ import annotations

import pytest

from app.limits import MAX_ADDRESSES, Allowance, forwarded_address, household_of

FAR = "203.0.113.7"


def test_allowance_comes_back_with_the_next_window_and_is_forgotten_after_it() -> None:
    now = [1000.0]
    allowance = Allowance("3 per minute", lambda: now[0])
    assert [allowance.take("a", 10), allowance.take("a", 20), allowance.take("a", 1)] == [0, 0, 60]
    now[0] += 59
    assert (allowance.take("a", 1), allowance.take("b", 30)) == (1, 0)
    now[0] += 2
    assert allowance.take("c", 30) == 0
    assert len(allowance._taken) == 2
    assert (allowance.take("a", 30), allowance.take("b", 1)) == (0, 58)


def test_window_begins_with_the_first_request_and_is_not_put_off_by_others() -> None:
    now = [1000.0]
    allowance = Allowance("3 per minute", lambda: now[0])
    for now[0] in (1000.0, 1030.0, 1045.0):
        assert allowance.take("a", 10) == 0
    assert allowance.take("a", 1) == 15
    now[0] = 1060.0
    assert allowance.take("a", 30) == 0
    assert allowance.take("a", 1) == 60


def test_windows_that_are_over_are_forgotten_whoever_came_back_before() -> None:
    now = [1000.0]
    allowance = Allowance("3 per minute", lambda: now[0])
    for now[0], address in ((1000.0, "a"), (1030.0, "b"), (1061.0, "a"), (1090.0, "c")):
        assert allowance.take(address, 1) == 0
    assert len(allowance._taken) == 2


def test_what_is_too_much_is_not_counted() -> None:
    allowance = Allowance("3 per hour", lambda: 5.0)
    assert [allowance.take("a", cost) for cost in (29, 2, 1, 1)] == [0, 3600, 0, 3600]


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    allowance = Allowance("1 per day")
    for number in range(MAX_ADDRESSES + 10):
        allowance.take(str(number), 1)
    assert len(allowance._taken) == MAX_ADDRESSES


def test_addresses_are_remembered_as_hashes_with_a_key_of_their_own() -> None:
    memories = [Allowance("1 per day") for _ in range(2)]
    for allowance in memories:
        allowance.take(FAR, 1)
    (one,), (other,) = (allowance._taken for allowance in memories)
    assert one != other
    assert FAR.encode() not in one


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_itself_is_not_counted(address: str) -> None:
    assert Allowance("1 per day").take(household_of(address), 100) == 0


@pytest.mark.parametrize(
    ("address", "household"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:127.9.9.9", "127.9.9.9"),
        (FAR, FAR),
        (f"::ffff:{FAR}", FAR),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::9", "2001:0db8:0001:0002"),
        ("2001:db8:1:3::1", "2001:0db8:0001:0003"),
        ("127.not an address", "unknown"),
    ],
)
def test_household_is_an_address_or_the_first_half_of_one(address: str, household: str) -> None:
    assert household_of(address) == household


@pytest.mark.parametrize(
    ("head", "address"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nX-FORWARDED-for: 203.0.113.7\r\n\r\n", FAR),
        (b"GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1, 203.0.113.7\r\n\r\n", FAR),
        (b"GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n", FAR),
        (b"POST / HTTP/1.1\r\n\r\nX-Forwarded-For: 203.0.113.7\r\n", ""),
        (b"POST / HTTP/1.1\r\n\r\nX-Forwarded-For: 203.0.113.7\r\n\r\nand more", ""),
        (b"GET / HTTP/1.1\r\nX-Forwarded-For: 2001:db8::9\r\n\r\n", "2001:db8::9"),
    ],
)
def test_proxy_names_an_address_last_in_the_head(head: bytes, address: str) -> None:
    assert forwarded_address(head) == address
