"""Whatever is sent: never a 5xx, always the documented form. `make fuzz` does the same at length."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.answering.replies import AnswerReply, ErrorReply
from app.notices import EMERGENCY_SIGNS
from app.settings import Settings
from app.web import create_app
from tests.web.answerer import make_answerer

app = create_app(Settings(_env_file=None, rate_limit="1000000 per second"), make_answerer())
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
quickly = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Host", "Accept", "Range", "If-None-Match", "X-A"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    max_size=4,
)


def make_client() -> FlaskClient:
    return app.test_client()


def check_page(status: int, text: str) -> None:
    assert status < 500
    assert EMERGENCY_SIGNS[0] in text


@pytest.mark.processes
def test_document_is_kept() -> None:
    """In a run of its own: schemathesis takes two seconds to load, in every process that knows of it."""
    tests = Path(__file__).with_name("document.py")
    assert pytest.main(["-p", "schemathesis.pytest.plugin", "--noconftest", str(tests)]) == 0


@given(st.text(max_size=1200), st.one_of(st.none(), st.integers(), st.text(max_size=10)))
@quickly
def test_any_question_in_an_address_is_answered_or_refused(question: str, k: object) -> None:
    typed = question.encode("utf-8", "surrogatepass")
    query = f"q={quote_from_bytes(typed)}" + (f"&k={quote_from_bytes(str(k).encode())}" if k else "")
    reply = make_client().get(f"/api/v1/answers?{query}")
    (AnswerReply if reply.status_code == 200 else ErrorReply).model_validate_json(reply.data)
    assert reply.status_code in (200, 400)
    page = make_client().get(f"/?{query}")
    check_page(page.status_code, page.text)


@given(st.binary(max_size=300))
@quickly
def test_any_bytes_as_an_address_or_a_body_are_answered_or_refused(raw: bytes) -> None:
    client = make_client()
    page = client.get(f"/?q={quote_from_bytes(raw)}")
    check_page(page.status_code, page.text)
    page = client.get(f"/{quote_from_bytes(raw, safe='')}")  # with its slashes it might name a host
    assert page.status_code < 500
    page = client.post("/", data=raw, content_type="application/x-www-form-urlencoded")
    check_page(page.status_code, page.text)
    reply = client.post("/api/v1/answers", data=raw, content_type="application/json")
    assert reply.status_code < 500
    assert "notices" in reply.get_json()


@given(st.fixed_dictionaries({}, optional={"question": JSON_VALUES, "k": JSON_VALUES, "more": JSON_VALUES}))
@quickly
def test_any_json_is_answered_or_refused(payload: dict[str, object]) -> None:
    client = make_client()
    body = json.dumps(payload, ensure_ascii=True)
    for path in ("/api/v1/answers", "/api/v1/answers:batch"):
        reply = client.post(path, data=body, content_type="application/json")
        assert reply.status_code in (200, 400, 413)
        assert "notices" in reply.get_json()


@given(HEADERS, st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE", "PROPFIND"]))
@quickly
def test_any_header_and_method_is_answered_or_refused(headers: dict[str, str], method: str) -> None:
    for path in ("/?q=jerks", "/api/v1/answers?q=jerks", "/articles"):
        assert make_client().open(path, method=method, headers=headers).status_code < 500
