"""The JSON contract: what may be asked, what is replied, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app.answering.replies import (
    AnswerReply,
    ArticleReply,
    ArticlesReply,
    BatchReply,
    ErrorReply,
    PassageReply,
    VerificationReply,
)
from app.notices import DISCLAIMER, EXTRACTS, emergency_text
from app.settings import ROOT, Settings
from app.web import create_app
from tests.web.answerer import WordAnswerer

NOTICES = {
    "emergency": emergency_text(),
    "disclaimer": DISCLAIMER,
    "extracts": EXTRACTS,
}
JSON = "application/json"


def post(client: FlaskClient, body: object, path: str = "/api/v1/answers") -> tuple[int, dict[str, object]]:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    response = client.post(path, data=data, content_type=JSON)
    return response.status_code, response.get_json()


def refusal(client: FlaskClient, query: str) -> tuple[int, str]:
    response = client.get(f"/api/v1/answers{query}")
    ErrorReply.model_validate_json(response.data)
    return response.status_code, response.get_json()["error"]["code"]


def test_answer_has_the_contract_form(client: FlaskClient, answerer: WordAnswerer) -> None:
    reply = client.get("/api/v1/answers?q=Is+shuddering+dangerous%3F&k=1").get_json()
    passage = next(p for p in answerer.passages_of("shudders") if p.section[-1] == "Is shuddering dangerous?")
    article = answerer.article("shudders")
    assert reply == {
        "question": "Is shuddering dangerous?",
        "outcome": "answered",
        "confidence": 1.0,
        "urgency": "none",
        "urgent": False,
        "language": None,
        "notices": NOTICES,
        "passages": [
            {
                "id": passage.id,
                "rank": 1,
                "score": 1.0,
                "text": "Shuddering attacks are rare and harmless. They often stop by the age of 2 or 3.",
                "start": passage.start,
                "end": passage.end,
                "lead": None,
                "highlights": [[0, 41]],
                "section": ["Is shuddering dangerous?"],
                "article": {
                    "slug": "shudders",
                    "title": "Shuddering",
                    "author": None,
                    "publisher": "Example & Sons",
                    "url": "https://example.org/shudders",
                    "retrieved": "2026-11-21",
                    "reviewed": None,
                    "sha256": article.sha256,
                },
                "links": {
                    "self": f"/p/{passage.id}",
                    "article": f"/articles/shudders#p-{passage.id}",
                    "source": "https://example.org/shudders"
                    "#:~:text=Shuddering%20attacks%20are%20rare%20and,age%20of%202%20or%203.",
                },
                "citation": reply["passages"][0]["citation"],
            }
        ],
        "closest": [],
        "help": [],
        "suggestion": None,
        "index": {"generation": "20261122T010000Z-words", "model": "shared-words"},
    }


@pytest.mark.parametrize(
    ("question", "outcome", "filled"),
    [
        ("is shuddering dangerous", "answered", "passages"),
        ("shuddering cats dogs cows pigs", "closest", "closest"),
        ("zebra crossing", "none", None),
    ],
)
def test_only_the_list_of_the_outcome_is_filled(
    client: FlaskClient, question: str, outcome: str, filled: str | None
) -> None:
    reply = client.get("/api/v1/answers", query_string={"q": question}).get_json()
    assert reply["outcome"] == outcome
    assert [name for name in ("passages", "closest") if reply[name]] == ([filled] if filled else [])


def test_get_and_post_give_the_same_reply(client: FlaskClient) -> None:
    asked = client.get("/api/v1/answers?q=jerks+in+sleep&k=2").get_json()
    assert post(client, {"question": "jerks in sleep", "k": 2}) == (200, asked)
    assert len(asked["passages"]) == 2


def test_replies_have_the_documented_form(client: FlaskClient, answerer: WordAnswerer) -> None:
    passage = answerer.passages_of("jerks")[0]
    AnswerReply.model_validate_json(client.get("/api/v1/answers?q=jerks+blue").data)
    PassageReply.model_validate_json(client.get(f"/api/v1/passages/{passage.id}").data)
    VerificationReply.model_validate_json(client.get(f"/api/v1/passages/{passage.id}/verify").data)
    ArticlesReply.model_validate_json(client.get("/api/v1/articles").data)
    ArticleReply.model_validate_json(client.get("/api/v1/articles/jerks").data)
    batch = client.post("/api/v1/answers:batch", json={"questions": ["jerks", "zebra"]})
    BatchReply.model_validate_json(batch.data)
    ErrorReply.model_validate_json(client.get("/api/v1/nothing").data)


def test_question_is_normalised_before_it_is_asked(client: FlaskClient, answerer: WordAnswerer) -> None:
    client.get("/api/v1/answers", query_string={"q": "  cafe\u0301 \u2003"})
    assert answerer.asked == [("caf\u00e9", 5)]


def test_batch_answers_each_question_in_order(client: FlaskClient) -> None:
    status, reply = post(client, {"questions": ["jerks", "zebra"], "k": 1}, "/api/v1/answers:batch")
    assert status == 200
    assert [(answer["question"], answer["outcome"]) for answer in reply["answers"]] == [
        ("jerks", "answered"),
        ("zebra", "none"),
    ]


def test_batch_of_fifty_long_questions_is_taken(client: FlaskClient) -> None:
    status, reply = post(client, {"questions": ["jerks " * 160] * 50, "k": 1}, "/api/v1/answers:batch")
    assert (status, len(reply["answers"])) == (200, 50)


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        ([], "bad_questions"),
        (["jerks"] * 51, "bad_questions"),
        ("jerks", "bad_questions"),
        ([1], "bad_questions"),
    ],
)
def test_batch_of_wrong_size_or_type_is_refused(client: FlaskClient, questions: object, code: str) -> None:
    status, reply = post(client, {"questions": questions}, "/api/v1/answers:batch")
    assert (status, reply["error"]["code"]) == (400, "bad_questions")


def test_question_that_is_wrong_in_a_batch_is_refused_alone(client: FlaskClient) -> None:
    status, reply = post(client, {"questions": ["jerks", " ", "zebra"]}, "/api/v1/answers:batch")
    assert status == 200
    BatchReply.model_validate_json(json.dumps(reply))
    first, refused, last = reply["answers"]  # type: ignore[misc]
    assert (first["outcome"], last["outcome"]) == ("answered", "none")
    assert refused == {
        "question": " ",
        "error": {"code": "question_empty", "message": "Please type a question."},
        "urgency": "none",
    }


def test_half_of_a_character_is_refused_alone(client: FlaskClient) -> None:
    body = r'{"questions": ["jerks", "is \ud83d bad?", "is \ud83d\ude00 bad?"], "k": 1}'
    response = client.post("/api/v1/answers:batch", data=body, content_type="application/json")
    assert response.status_code == 200
    errors = [answer.get("error", {}).get("code") for answer in response.get_json()["answers"]]
    assert errors == [None, "control_characters", None]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "question_empty"),
        ("?q=", "question_empty"),
        ("?q=%20%09%20", "question_empty"),
        ("?q=%E2%80%8B%E2%80%8D%EF%BB%BF", "question_empty"),
        ("?q=%CC%81%CC%81", "question_empty"),
        ("?q=" + "a" * 1001, "question_too_long"),
        ("?q=a" + "%CC%81" * 2000, "question_too_long"),
        ("?q=jerk%00s", "control_characters"),
        ("?q=jerk%0D%0As", "control_characters"),
        ("?q=jerk%1B%5B2Js", "control_characters"),
        ("?q=%E2%80%AEjerks", "control_characters"),
        ("?q=jerks%EF%BF%BF", "control_characters"),
        ("?q=%FF%FE", "bad_encoding"),
        ("?q=%ED%A0%80", "bad_encoding"),
        ("?q=jerks&q=kicks", "duplicate_parameter"),
        ("?q=jerks&k=1&k=2", "duplicate_parameter"),
        ("?q=jerks&n=1", "unknown_parameter"),
        ("?" + "&".join(f"a{i}=1" for i in range(30)), "too_many_parameters"),
        ("?q=jerks&k=0", "bad_k"),
        ("?q=jerks&k=-1", "bad_k"),
        ("?q=jerks&k=21", "bad_k"),
        ("?q=jerks&k=1000000000", "bad_k"),
        ("?q=jerks&k=" + "9" * 5000, "bad_k"),
        ("?q=jerks&k=5.0", "bad_k"),
        ("?q=jerks&k=%EF%BC%95", "bad_k"),
        ("?q=jerks&k=", "bad_k"),
    ],
)
def test_bad_query_is_refused(client: FlaskClient, answerer: WordAnswerer, query: str, code: str) -> None:
    assert refusal(client, query) == (400, code)
    assert answerer.asked == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ('"jerks"', "bad_json"),
        ("null", "bad_json"),
        ("[" * 8000, "bad_json"),
        ('{"a":' * 1600, "bad_json"),
        ('{"question": "jerks", "k": NaN}', "bad_json"),
        ('{"question": "jerks", "k": -Infinity}', "bad_json"),
        ('{"question": "jerks", "k": ' + "9" * 5000 + "}", "bad_json"),
        ('{"question": "jerks", "k": ' + "9" * 4000 + "}", "bad_k"),
        ('{"question": "jerks", "question": "kicks"}', "duplicate_parameter"),
        ('{"question": "jerks", "k": "5"}', "bad_k"),
        ('{"question": "jerks", "k": 5.0}', "bad_k"),
        ('{"question": "jerks", "k": true}', "bad_k"),
        ('{"question": "jerks", "k": null}', "bad_k"),
        ('{"question": "jerks", "more": 1}', "unknown_parameter"),
        ('{"question": "jerks", "\\ud800": 1}', "bad_encoding"),
        ('{"question": 5}', "bad_question"),
        ('{"question": null}', "bad_question"),
        ('{"question": ["jerks"]}', "bad_question"),
        ('{"question": "\\ud800"}', "control_characters"),
        ('{"question": "jerk\\u0000s"}', "control_characters"),
        ("{}", "question_empty"),
        (b'{"question": "\xff"}', "bad_encoding"),
        (b'\xef\xbb\xbf{"question": "jerks"}', "bad_json"),
    ],
)
def test_bad_json_is_refused(client: FlaskClient, answerer: WordAnswerer, body: object, code: str) -> None:
    status, reply = post(client, body)
    assert (status, reply["error"]["code"]) == (400, code)
    assert reply["notices"] == NOTICES
    assert answerer.asked == []


def test_large_body_is_refused(client: FlaskClient) -> None:
    assert post(client, {"question": "a" * 9000})[0] == 413


def test_large_chunked_body_is_refused(client: FlaskClient) -> None:
    response = client.post(
        "/api/v1/answers",
        input_stream=BytesIO(b'{"question": "' + b"a" * 100_000 + b'"}'),
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (response.status_code, response.get_json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}),
        ("multipart/form-data; boundary=x", {}),
        ("application/json; charset=utf-16", {}),
        (JSON, {"Content-Encoding": "gzip"}),
    ],
)
def test_body_of_another_type_is_refused(
    client: FlaskClient, content_type: str, headers: dict[str, str]
) -> None:
    response = client.post("/api/v1/answers", data="{}", content_type=content_type, headers=headers)
    assert (response.status_code, response.get_json()["error"]["code"]) == (415, "unsupported_type")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/answers", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/api/v1/answers", {"GET", "HEAD", "POST"}),
        ("POST", "/api/v1/articles", {"GET", "HEAD"}),
        ("GET", "/api/v1/answers:batch", {"POST"}),
        ("PUT", "/healthz", {"GET", "HEAD"}),
    ],
)
def test_wrong_method_is_told_the_right_ones(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    response = client.open(path, method=method)
    assert (response.status_code, response.get_json()["notices"]) == (405, NOTICES)
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/passages/0000000000000000",
        "/api/v1/passages/..%2f..%2fetc%2fpasswd",
        "/api/v1/passages/%00",
        "/api/v1/passages/%FF/verify",
        "/api/v1/articles/no-such-article",
        "/api/v1/articles/../../etc/passwd",
    ],
)
def test_unknown_name_is_not_found(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")


def test_proof_holds_the_words_around(client: FlaskClient, answerer: WordAnswerer) -> None:
    article = answerer.article("shudders")
    passage = answerer.passages_of("shudders")[-1]
    proof = client.get(f"/api/v1/passages/{passage.id}/verify").get_json()
    assert proof["exact"] is True
    assert proof["sha256"] == article.sha256
    assert proof["before"] + proof["text"] + proof["after"] in article.text
    assert article.text[proof["start"] : proof["end"]] == proof["text"] == passage.text


def test_document_describes_every_operation(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    assert {(path, *methods) for path, methods in document["paths"].items()} == {
        ("/api/v1/answers", "get", "post"),
        ("/api/v1/answers:batch", "post"),
        ("/api/v1/passages/{passage_id}", "get"),
        ("/api/v1/passages/{passage_id}/verify", "get"),
        ("/api/v1/articles", "get"),
        ("/api/v1/articles/{slug}", "get"),
    }


def test_document_states_the_limits_of_a_question(client: FlaskClient) -> None:
    schemas = client.get("/api/v1/openapi.json").get_json()["components"]["schemas"]
    question = schemas["QuestionRequest"]
    assert question["required"] == ["question"]
    assert question["additionalProperties"] is False
    assert {name: question["properties"]["question"][name] for name in ("minLength", "maxLength")} == {
        "minLength": 1,
        "maxLength": 1000,
    }
    assert {name: question["properties"]["k"][name] for name in ("minimum", "maximum", "default")} == {
        "minimum": 1,
        "maximum": 20,
        "default": 5,
    }
    assert schemas["BatchRequest"]["properties"]["questions"]["maxItems"] == 50


def test_every_reference_in_the_document_is_there(client: FlaskClient) -> None:
    text = client.get("/api/v1/openapi.json").text
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named - json.loads(text)["components"]["schemas"].keys() == set()


@pytest.mark.processes
def test_serving_answers_does_not_load_the_document_library() -> None:
    program = (
        "import sys; from app.web import create_app; from app.settings import Settings;"
        "from tests.web.answerer import make_answerer;"
        "client = create_app(Settings(), make_answerer()).test_client();"
        "client.get('/?q=jerks'); client.get('/api/v1/answers?q=jerks'); print('spectree' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "False"


def test_metrics_count_by_outcome_and_hold_no_question(answerer: WordAnswerer) -> None:
    client = create_app(Settings(_env_file=None, metrics_readers=["127.0.0.1"]), answerer).test_client()
    client.get("/api/v1/answers?q=canary+jerks")
    text = client.get("/metrics").text
    labels = 'generation="20261122T010000Z-words",outcome="answered",urgency="none"'
    assert f"nightlight_questions_total{{{labels}}} 1.0" in text
    assert 'nightlight_responses_total{method="GET",route="/api/v1/answers",status="200"} 1.0' in text
    assert "canary" not in text


def test_ready_names_the_generation(client: FlaskClient) -> None:
    assert client.get("/readyz").get_json() == {
        "status": "ready",
        "degraded": None,
        "index": {"generation": "20261122T010000Z-words", "model": "shared-words"},
    }
