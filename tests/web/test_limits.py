"""How much one address may ask, and whose word counts on which address that is."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from app.notices import EMERGENCY_SIGNS, notices
from app.records import Answer
from app.settings import Settings
from app.web import create_app
from app.web.limits import MAX_ADDRESSES, AddressHash, Allowance
from tests.web.answerer import WordAnswerer, make_answerer
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
    assert EMERGENCY_SIGNS[0] in page.text


def test_page_and_programs_share_one_count() -> None:
    client = make_client()
    client.get("/?q=jerks")
    client.post("/", data={"q": "jerks"})
    client.post("/api/v1/answers", json={"question": "jerks"})
    assert client.get(QUESTION).status_code == 429


def test_batch_costs_what_it_takes() -> None:
    client = make_client()
    assert client.post("/api/v1/answers:batch", json={"questions": ["jerks"] * 2}).status_code == 200
    refused = client.post("/api/v1/answers:batch", json={"questions": ["jerks"] * 2})
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 60) == (429, True)
    assert refused.get_json()["notices"]["emergency"] == notices().emergency


@pytest.mark.parametrize("path", ["/", "/articles", "/about", "/healthz", "/api/v1/articles", "/zebra"])
def test_ten_requests_that_are_no_question_count_as_one(path: str) -> None:
    got = statuses(make_client(), path, times=31)
    assert set(got[:30]) <= {200, 404}
    assert got[30] == 429


@pytest.mark.parametrize("path", ["/?%71=jerks", "/api/v1/answers/?q=jerks", "/?q=jerks&q=", "/?k=5&q=jerks"])
def test_question_counts_however_it_is_written(path: str) -> None:
    assert statuses(make_client(), path)[-1] == 429


def test_refusal_with_an_emergency_in_it_is_made_for_it() -> None:
    client = make_client()
    statuses(client, times=3)
    urgent = client.get("/?q=she+is+not+breathing+and+blue")
    assert (urgent.status_code, client.get("/?q=jerks").status_code) == (429, 429)
    assert EMERGENCY_SIGNS[0].replace("'", "&#39;") in urgent.text


class Slow(WordAnswerer):
    """Answers when it may."""

    def __init__(self) -> None:
        self.__dict__.update(make_answerer().__dict__)
        self.may, self.begun = threading.Event(), threading.Semaphore(0)

    def answer(self, question: str, k: int = 5, article: str | None = None) -> Answer:
        self.begun.release()
        self.may.wait(10)
        return super().answer(question, k, article)


def test_one_address_has_half_of_the_room_and_others_the_rest() -> None:
    slow = Slow()
    app = create_app(Settings(_env_file=None, queue=4), slow)

    def ask(address: str) -> int:
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client.get(QUESTION).status_code

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(ask, FAR) for _ in range(2)]
        slow.begun.acquire(timeout=5)
        while app.wsgi_app._in_hand.total() < 2:  # type: ignore[attr-defined]
            time.sleep(0.01)
        assert [ask(FAR), ask(FAR)] == [503, 503]
        waiting += [pool.submit(ask, address) for address in (OTHER, "2001:db8::1")]
        while app.wsgi_app._in_hand.total() < 4:  # type: ignore[attr-defined]
            time.sleep(0.01)
        assert ask("203.0.113.9") == 503
        slow.may.set()
        assert [each.result() for each in waiting] == [200] * 4
    assert app.wsgi_app._in_hand == {}  # type: ignore[attr-defined]


def test_time_in_the_queue_counts_towards_the_deadline() -> None:
    slow = Slow()
    app = create_app(Settings(_env_file=None, deadline=0.3), slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(app.test_client().get, QUESTION)
        slow.begun.acquire(timeout=5)
        started = time.monotonic()
        late = app.test_client().get(QUESTION)
        assert 0.2 < time.monotonic() - started < 2
        assert (late.status_code, late.get_json()["error"]["code"]) == (503, "busy")
        slow.may.set()
        assert first.result().status_code == 200
    began = {"nightlight.began": time.monotonic() - 1}
    assert app.test_client().get(QUESTION, environ_overrides=began).status_code == 503


def test_request_of_http_1_1_without_a_host_is_refused() -> None:
    app = create_app(Settings(_env_file=None), make_answerer())
    environ = create_environ("/")
    del environ["HTTP_HOST"]
    body, status, _ = run_wsgi_app(app, environ)
    assert status == "400 BAD REQUEST"
    assert EMERGENCY_SIGNS[0].replace("'", "&#39;") in b"".join(body).decode()
    environ["SERVER_PROTOCOL"] = "HTTP/1.0"
    assert run_wsgi_app(app, environ)[1] == "200 OK"


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


def test_allowance_comes_back_with_the_next_window_and_is_forgotten_after_it() -> None:
    now = [1000.0]
    allowance = Allowance("3 per minute", lambda: now[0])
    assert [allowance.take(b"a", 10), allowance.take(b"a", 20), allowance.take(b"a", 1)] == [0, 0, 60]
    now[0] += 59
    assert (allowance.take(b"a", 1), allowance.take(b"b", 30)) == (1, 0)
    now[0] += 2
    assert allowance.take(b"c", 30) == 0
    assert list(allowance._taken) == [b"b", b"c"]


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    allowance = Allowance("1 per day")
    for number in range(MAX_ADDRESSES + 10):
        allowance.take(number.to_bytes(4), 1)
    assert len(allowance._taken) == MAX_ADDRESSES


@pytest.mark.parametrize("limit", ["", "many", "0 per minute", "5 per fortnight", "5"])
def test_limit_that_cannot_be_read_is_refused_at_start(limit: str) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(_env_file=None, rate_limit=limit)
