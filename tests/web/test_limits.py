"""How much one address may ask, and whose word counts on which address that is."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from app.notices import EMERGENCY_SIGNS, emergency_text
from app.records import Answer
from app.settings import Settings
from app.web import create_app
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
    assert 50 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.get_json()["error"]["code"] == "too_many_requests"
    assert refused.get_json()["notices"]["emergency"] == emergency_text()
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
    assert (refused.status_code, 50 <= int(refused.headers["Retry-After"]) <= 61) == (429, True)
    assert refused.get_json()["notices"]["emergency"] == emergency_text()
    other = make_client(OTHER)
    assert other.post("/api/v1/answers:batch", json={"questions": ["jerks"] * 2}).status_code == 200
    assert statuses(other, times=2) == [200, 429]


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


@pytest.mark.parametrize("limit", ["", "many", "0 per minute", "5 per fortnight", "5"])
def test_limit_that_cannot_be_read_is_refused_at_start(limit: str) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(_env_file=None, rate_limit=limit)
