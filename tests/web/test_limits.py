"""How much one address may ask, and whose word counts on which address that is."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient

from app.notices import EMERGENCY_SIGNS, notices
from app.settings import Settings
from app.web import create_app
from app.web.limits import AddressHash, SweptStorage
from tests.web.answerer import make_answerer
from tests.web.page import read_page

FAR, OTHER = "203.0.113.7", "203.0.113.8"
QUESTION = "/api/v1/answers?q=jerks"


def make_client(address: str = FAR, **settings: object) -> FlaskClient:
    client = create_app(
        Settings(_env_file=None, rate_limit="3 per minute", **settings), make_answerer()
    ).test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


def statuses(client: FlaskClient, path: str = QUESTION, times: int = 4, **options: object) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(times)]  # type: ignore[arg-type]


def test_question_over_the_limit_is_told_when_to_come_back_with_the_notices() -> None:
    client = make_client()
    assert statuses(client, times=3) == [200, 200, 200]
    refused = client.get(QUESTION)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.get_json()["error"]["code"] == "too_many_requests"
    assert refused.get_json()["notices"]["emergency"] == notices().emergency
    page = read_page(client.get("/?q=my+jerks"), 429)
    assert page.typed == "my jerks"
    assert EMERGENCY_SIGNS[0] in page.text


def test_page_and_programs_share_one_count() -> None:
    client = make_client()
    client.get("/?q=jerks")
    client.post("/", data={"q": "jerks"})
    client.post("/api/v1/answers", json={"question": "jerks"})
    assert client.get(QUESTION).status_code == 429


def test_batch_counts_for_many_questions() -> None:
    assert make_client().post("/api/v1/answers:batch", json={"questions": ["jerks"]}).status_code == 429


@pytest.mark.parametrize("path", ["/", "/articles", "/about", "/healthz", "/api/v1/articles"])
def test_what_is_no_question_is_not_counted(path: str) -> None:
    client = make_client()
    assert set(statuses(client, path, times=5)) == {200}
    assert client.get(QUESTION).status_code == 200


def test_addresses_are_counted_apart() -> None:
    client = make_client()
    assert statuses(client)[-1] == 429
    assert client.get(QUESTION, environ_overrides={"REMOTE_ADDR": OTHER}).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_itself_is_not_counted(address: str) -> None:
    assert set(statuses(make_client(address), times=6)) == {200}


def test_forwarding_header_of_a_stranger_changes_nothing() -> None:
    client = make_client(trusted_proxies=["192.0.2.1"])
    got = [client.get(QUESTION, headers={"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(4)]
    assert [reply.status_code for reply in got] == [200, 200, 200, 429]


def test_forwarding_header_of_a_named_proxy_tells_the_address() -> None:
    client = make_client("127.0.0.1", trusted_proxies=["127.0.0.1"])
    assert statuses(client, headers={"X-Forwarded-For": FAR}) == [200, 200, 200, 429]
    assert client.get(QUESTION, headers={"X-Forwarded-For": f"{FAR}, {OTHER}"}).status_code == 200
    assert client.get(QUESTION, headers={"X-Forwarded-For": f"{OTHER}, {FAR}"}).status_code == 429


def test_transport_security_follows_the_scheme_that_a_named_proxy_tells() -> None:
    https = {"X-Forwarded-Proto": "https"}
    named = make_client("127.0.0.1", trusted_proxies=["127.0.0.1"]).get("/", headers=https)
    assert named.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "Strict-Transport-Security" not in make_client().get("/", headers=https).headers


def test_hash_is_the_same_all_day_and_another_the_next() -> None:
    day = [date(2026, 11, 22)]
    addresses = AddressHash(lambda: day[0])
    first = addresses.hash(FAR)
    assert addresses.hash(FAR) == first
    assert addresses.hash(OTHER) != first
    day[0] = date(2026, 11, 23)
    assert addresses.hash(FAR) != first


def test_hash_cannot_be_made_without_the_key() -> None:
    assert AddressHash().hash(FAR) != AddressHash().hash(FAR)


def test_one_household_of_ipv6_counts_as_one_address() -> None:
    addresses = AddressHash()
    assert addresses.hash("2001:db8:1:2::1") == addresses.hash("2001:db8:1:2:ffff::9")
    assert addresses.hash("2001:db8:1:2::1") != addresses.hash("2001:db8:1:3::1")
    assert addresses.hash(f"::ffff:{FAR}") == addresses.hash(FAR)


def test_counts_that_ran_out_are_swept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("app.web.limits.time.time", lambda: now[0])
    storage = SweptStorage()
    assert [storage.incr("a", 60), storage.incr("a", 60), storage.get("a")] == [1, 2, 2]
    now[0] += 61
    assert (storage.get("a"), storage.incr("b", 60)) == (0, 1)
    assert list(storage._counts) == ["b"]


@pytest.mark.parametrize("limit", ["", "many", "0 per minute", "5 per fortnight", "5"])
def test_limit_that_cannot_be_read_is_refused_at_start(limit: str) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(_env_file=None, rate_limit=limit)
