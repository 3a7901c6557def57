"""Requests that mean harm: words stay words, everything else is refused in the one form."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.answering.replies import ErrorReply
from app.notices import EMERGENCY_SIGNS
from app.settings import Settings
from app.web import create_app
from tests.web.answerer import WordAnswerer, make_answerer
from tests.web.page import read_page

JSON = "application/json"
FOREIGN_HOSTS = ["evil.example", "localhost.evil.example", "a b", "", "[::1", "ex\u00e4mple"]
NO_HOSTS = ["a b", "[::1", "evil.example/x", "a:b:c", "a\u00e4", "a@b", "a:99999999", "-", "a\tb"]
PATHS = ["/", "/?q=jerks", "/?q=", "/api/v1/answers?q=jerks", "/nothing", "/opensearch.xml"]
LINE_ENDS = ["/p/a%0d%0aSet-Cookie:x", "/articles/a%0d%0ab", "/%0d%0aX-A:b"]
OF_OTHERS = ["X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-HTTP-Method-Override"]
WORDS = [
    "<script>alert(1)</script> jerks",
    '"><img src=x onerror=alert(1)> jerks',
    "{{7*7}} {% include 'base.html' %} ${7*7} jerks",
    "jerks' OR '1'='1'; DROP TABLE passages; --",
    'jerks" OR body:* NEAR(a b, 5) AND NOT ^"',
    "jerks %s %n %d {0} {request}",
    "jerks 2026-11-22 ERROR worker died",
    "\u05d9\u05dc\u05d3 jerks \u0637\u0641\u0644",
    "👩‍👧 jerks ﷽",
    "../../etc/passwd jerks",
]


@pytest.mark.parametrize("words", WORDS)
def test_hostile_words_are_asked_and_shown_as_they_are(
    client: FlaskClient, answerer: WordAnswerer, words: str
) -> None:
    page = read_page(client.get("/", query_string={"q": words}))
    assert page.typed == words
    assert len(page.all("script")) == 1
    assert client.post("/api/v1/answers", json={"question": words}).get_json()["question"] == words
    assert answerer.asked == [(words, 5)] * 2


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 40_000, b'{"questions": ' + b"[" * 100_000])
def test_deep_nesting_in_a_batch_is_refused(client: FlaskClient, body: bytes) -> None:
    reply = client.post("/api/v1/answers:batch", data=body, content_type=JSON)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (400, "bad_json")


def test_ten_thousand_combining_marks_are_too_long(client: FlaskClient) -> None:
    reply = client.get("/api/v1/answers", query_string={"q": "a" + "\u0301" * 10_000})
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (400, "question_too_long")


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", ["/", "/?q=jerks", "/api/v1/answers?q=jerks", "/healthz"])
def test_foreign_host_is_refused_with_the_notices(path: str, host: str) -> None:
    client = create_app(
        Settings(_env_file=None, trusted_hosts=["nightlight.example", "localhost"]), make_answerer()
    ).test_client()
    reply = client.get(path, environ_overrides={"HTTP_HOST": host})
    assert reply.status_code == 400
    assert EMERGENCY_SIGNS[0] in reply.text
    if reply.content_type == JSON:
        ErrorReply.model_validate_json(reply.data)
    assert client.get(path, base_url="http://nightlight.example").status_code == 200


@pytest.mark.parametrize("host", NO_HOSTS)
@pytest.mark.parametrize("path", PATHS)
def test_host_that_is_no_name_is_no_fault_of_ours(client: FlaskClient, path: str, host: str) -> None:
    reply = client.get(path, environ_overrides={"HTTP_HOST": host})
    assert reply.status_code in (200, 400, 404)
    assert EMERGENCY_SIGNS[0] in reply.text or path == "/opensearch.xml"


@pytest.mark.parametrize("path", LINE_ENDS)
def test_line_ends_in_an_address_stay_in_the_address(client: FlaskClient, path: str) -> None:
    reply = client.get(path)
    read_page(reply, 404)
    assert "X-A" not in reply.headers


@pytest.mark.parametrize("name", OF_OTHERS)
def test_headers_of_other_servers_change_nothing(client: FlaskClient, name: str) -> None:
    plain = client.get("/?q=jerks")
    dressed = client.get("/?q=jerks", headers={name: "evil.example"})
    assert (dressed.status_code, dressed.data) == (plain.status_code, plain.data)
