"""One line a request, with these fields and no others."""

from __future__ import annotations

import json
import re
from time import sleep

import pytest
from flask.testing import FlaskClient

from app.notices import EMERGENCY_SIGNS, REFUSALS, URGENT_NOTICE
from app.records import Answer
from app.settings import Settings
from app.web import create_app
from app.web.errors import refuse
from app.web.hooks import write_line
from app.web.metrics import _BUCKETS
from tests.web.answerer import WordAnswerer, make_answerer

CANARY = "zebracanary"
GENERATION = "20261122T010000Z-words"


def read_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(record.message) for record in caplog.records if record.name == "nightlight.requests"]


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "outcome", "length"),
    [
        ("GET", "/?q=jerks+in+sleep", "/", 200, "answered", "1-25"),
        ("GET", f"/?q={CANARY}+jerks+asleep+cats+dogs+cows+pigs", "/", 200, "closest", "26-50"),
        ("GET", f"/api/v1/answers?q={CANARY}", "/api/v1/answers", 200, "none", "1-25"),
        ("GET", f"/?q={CANARY}%00", "/", 400, None, None),
        ("GET", f"/{CANARY}", None, 404, None, None),
        ("GET", f"/articles/{CANARY}", "/articles/<slug>", 404, None, None),
        ("DELETE", f"/?q={CANARY}", None, 405, None, None),
    ],
)
def test_line_holds_these_fields(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    route: str | None,
    status: int,
    outcome: str | None,
    length: str | None,
) -> None:
    client.open(path, method=method, headers={"User-Agent": CANARY, "Referer": f"https://{CANARY}/"})
    (line,) = read_lines(caplog)
    assert isinstance(line.pop("ms"), float)
    assert re.fullmatch(r"[0-9a-f]{16}", str(line.pop("request")))
    assert line == {
        "route": route,
        "status": status,
        "generation": GENERATION,
        "outcome": outcome,
        "length": length,
    }


def test_each_request_has_another_name(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        client.get("/healthz")
    assert len({line["request"] for line in read_lines(caplog)}) == 50


def test_fault_is_logged_with_the_requests_name_and_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(WordAnswerer):
        def answer(self, question: str, k: int = 5, article: str | None = None) -> object:  # noqa: ARG002
            raise KeyError(question)

    client = create_app(Settings(_env_file=None), Failing()).test_client()
    response = client.get(f"/api/v1/answers?q={CANARY}")
    (line,) = read_lines(caplog)
    assert (response.status_code, line["status"], line["length"]) == (500, 500, "1-25")
    assert caplog.messages[0].startswith("unexpected KeyError at ")
    assert caplog.messages[0].endswith(f"in request {line['request']}")
    assert CANARY not in f"{caplog.text}{line}{response.text}"


def test_batch_past_its_deadline_is_refused_with_when_to_come_back() -> None:
    client = create_app(Settings(_env_file=None, deadline=1e-9), make_answerer()).test_client()
    response = client.post("/api/v1/answers:batch", json={"questions": ["jerks"] * 5})
    assert (response.status_code, response.get_json()["error"]["code"]) == (503, "busy")
    assert response.headers["Retry-After"] == "3"


@pytest.mark.parametrize("path", ["/api/v1/answers:batch", "/many"])
def test_question_of_several_that_is_not_reached_in_time_is_a_fault_of_itself_alone(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answerer, asked = make_answerer(), ["harmless jerks", "shuddering", "jerks, lips blue, not breathing"]
    app = create_app(Settings(_env_file=None, deadline=0.5), answerer)
    answer, waits = answerer.answer, iter([0, 0.6])

    def answer_slowly(question: str, k: int, article: str | None) -> Answer:
        sleep(next(waits))
        return answer(question, k, article)

    answerer.answer = answer_slowly  # type: ignore[method-assign]
    client = app.test_client()
    if path == "/many":
        page = client.post(path, data={"questions": "\n".join(asked)}).text
        assert [line["outcome"] for line in read_lines(caplog)] == [None]
        assert "Sleep jerks are short" in page
        assert page.count(REFUSALS["no_time_left"]) == 1
        assert URGENT_NOTICE in page
        return
    first, second, third = client.post(path, json={"questions": asked}).get_json()["answers"]
    assert (first["outcome"], second["outcome"]) == ("answered", "answered")
    assert (third["error"]["code"], third["urgency"]) == ("no_time_left", "now")


def test_failing_error_page_is_told_without_the_address(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(Settings(_env_file=None), make_answerer()).test_client()
    assert client.get("/healthz", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"}).status_code == 200

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("app.web.pages.read_question", fail)
    monkeypatch.setattr("app.web.errors.read_refused", fail)
    with pytest.raises(RuntimeError):  # for connections.py, which replies with what was made before
        client.get(f"/?q={CANARY}")
    assert CANARY not in caplog.text
    assert (
        EMERGENCY_SIGNS[0].replace("'", "&#39;")
        in refuse(client.application, 500, b"", "203.0.113.7").decode()
    )


def test_counts_are_for_those_whom_the_settings_name_and_never_through_a_proxy() -> None:
    app = create_app(Settings(_env_file=None, metrics_readers=["127.0.0.1"]), make_answerer())
    near, far = app.test_client(), app.test_client()
    far.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    for path in ("/metrics", "/metrics/", "/metrics%2f", "/%6detrics"):
        assert far.get(path).status_code == 404
        assert near.get(path, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
    assert near.get("/metrics").status_code == 200
    unset = create_app(Settings(_env_file=None), make_answerer()).test_client()
    assert unset.get("/metrics").status_code == 404


def test_counts_tell_neither_how_long_one_question_took_nor_what_was_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = create_app(Settings(_env_file=None, metrics_readers=["127.0.0.1"]), make_answerer())
    client = app.test_client()
    for question in ("shuddering cats dogs cows pigs", "zebra"):
        client.get("/", query_string={"q": question})
    text = client.get("/metrics").text
    assert "shudders" not in text
    assert "_created" not in text
    total = next(line for line in text.splitlines() if line.startswith("nightlight_answer_seconds_sum"))
    assert any(float(total.split()[1]) == pytest.approx(a + b) for a in _BUCKETS for b in _BUCKETS)


@pytest.mark.parametrize(
    ("length", "bucket"),
    [(0, "0"), (1, "1-25"), (25, "1-25"), (26, "26-50"), (1000, "501-1000"), (1001, "1001-")],
)
def test_length_is_told_roughly(caplog: pytest.LogCaptureFixture, length: int, bucket: str) -> None:
    with caplog.at_level("INFO"):
        write_line(200, GENERATION, length=length)
    (line,) = read_lines(caplog)
    assert line["length"] == bucket
