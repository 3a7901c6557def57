"""Many questions at once, one article alone, more extracts, topics, JSON at a page's address."""

from __future__ import annotations

import csv
import io
import json
import shlex
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.answering.replies import ArticlesReply, ErrorReply, PassageReply
from app.notices import DISCLAIMER, HELP_BESIDE, NOT_ANSWERED, URGENT_NOTICE, translations
from tests.web.answerer import WordAnswerer
from tests.web.page import read_page, squeeze, text_of

QUESTIONS = "is shuddering dangerous\r\n\r\njerks lips blue\r\n" + "j" * 1001 + "\r\nzebra\r\njerks in sleep"


def post(client: FlaskClient, questions: str = QUESTIONS, **fields: str) -> TestResponse:
    body = urlencode({"questions": questions, **fields})
    return client.post("/many", data=body, content_type="application/x-www-form-urlencoded")


def test_page_for_many_has_its_form(client: FlaskClient) -> None:
    page = read_page(client.get("/many"))
    assert page.h1 == "Many questions at once"
    assert [option.get("value") for option in page.all("option")] == ["", "jerks", "shudders"]


def test_each_line_is_answered_or_refused_by_itself(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(post(client))
    sections = page.with_class("one")
    asked = [squeeze(text_of(section.find(".//{*}h2"))) for section in sections]  # type: ignore[arg-type]
    assert asked == [line for line in QUESTIONS.split("\r\n") if line]
    first, urgent, refused, none, jerks = (squeeze(text_of(section)) for section in sections)
    assert "Shuddering attacks are rare and harmless." in first
    assert URGENT_NOTICE in urgent
    assert "Your question is too long." in refused
    assert NOT_ANSWERED in none
    assert HELP_BESIDE in jerks
    for id_, words in page.passages().items():
        passage = answerer.passage(id_)
        assert words == answerer.article(passage.article).text[passage.start : passage.end]


def test_no_extract_stands_under_an_alarm(client: FlaskClient) -> None:
    page = read_page(post(client, "jerks lips blue"))
    assert page.passages() == {}
    assert page.with_class("card")[0].get("class") == "card full now"


def test_who_asks_in_another_language_is_told_in_it_what_is_read_here(client: FlaskClient) -> None:
    page = read_page(post(client, "duerme jerks sleep\nshuddering"))
    told = [squeeze(text_of(line)) for line in page.all("p") if line.get("lang")]
    assert told == [translations()["es"].reads_english]


@pytest.mark.parametrize(("form", "name"), [("csv", "csv"), ("markdown", "md"), ("text", "txt")])
def test_answers_are_downloaded(client: FlaskClient, form: str, name: str) -> None:
    response = post(client, form=form)
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == f'attachment; filename="answers.{name}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert DISCLAIMER in response.text
    assert "Shuddering attacks are rare and harmless." in response.text
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"))))
        assert {row["outcome"] for row in rows} == {"answered", "closest", "none", "refused"} & {
            row["outcome"] for row in rows
        }
        assert [row["question"] for row in rows if row["outcome"] == "refused"] == ["j" * 1001]


@pytest.mark.parametrize("questions", ["", " \r\n ", "q\n" * 51])
def test_none_and_too_many_are_refused_with_what_to_do(client: FlaskClient, questions: str) -> None:
    read_page(post(client, questions), 400)


def test_one_article_is_asked_alone(client: FlaskClient) -> None:
    question = "harmless jerks shuddering"
    for slug in ("jerks", "shudders"):
        reply = client.get("/api/v1/answers", query_string={"q": question, "article": slug}).get_json()
        assert {passage["article"]["slug"] for passage in reply["passages"] or reply["closest"]} == {slug}
        page = read_page(client.get("/", query_string={"q": question, "article": slug}))
        assert "From one article only" in page.text
    assert client.get("/api/v1/answers?q=jerks&article=nothing").status_code == 404
    read_page(client.get("/?q=jerks&article=nothing"), 404)


def test_more_extracts_are_one_click_away(client: FlaskClient) -> None:
    page = read_page(client.get("/?q=jerks+sleep&k=1"))
    (form,) = page.with_class("more")
    fields = {field.get("name"): field.get("value") for field in form.iter() if field.get("type") == "hidden"}
    assert fields == {"q": "jerks sleep", "k": "20"}
    more = read_page(client.get("/", query_string=fields))  # type: ignore[arg-type]
    assert len(more.with_class("extract")) > len(page.with_class("extract"))
    assert form.get("action", "").partition("#")[2] in {element.get("id") for element in more.root.iter()}
    assert more.with_class("more") == []


def test_topics_lead_to_every_section(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(client.get("/topics"))
    links = {
        text_of(link): link.get("href") or ""
        for part in page.with_class("topics")
        for link in part.iter()
        if link.get("href")
    }
    sections = {p.section[-1] for a in answerer.articles() for p in answerer.passages_of(a.slug)}
    assert links.keys() == sections
    for address in links.values():
        path, _, anchor = address.partition("#")
        assert f'id="{anchor}"' in client.get(path).text
    assert read_page(client.get("/topics?page=2")).with_class("topics") == []


@pytest.mark.parametrize("path", ["/topics?page=0", "/topics?page=x", "/topics?page=99999999999999"])
def test_page_number_that_is_none_harms_nothing(client: FlaskClient, path: str) -> None:
    read_page(client.get(path))


@pytest.mark.parametrize("path", ["/about", "/api", "/accessibility", "/topics", "/articles/jerks"])
def test_every_page_can_be_asked_from(client: FlaskClient, path: str) -> None:
    page = read_page(client.get(path))
    page.one("textarea", id="q")


def test_page_gives_json_to_those_who_prefer_it(client: FlaskClient, answerer: WordAnswerer) -> None:
    passage = answerer.passages_of("jerks")[0]
    wanted = {"Accept": "application/json"}
    reply = client.get(f"/p/{passage.id}", headers=wanted)
    PassageReply.model_validate_json(reply.data)
    assert "Accept" in reply.headers["Vary"]
    ArticlesReply.model_validate_json(client.get("/articles", headers=wanted).data)
    ErrorReply.model_validate_json(client.get("/p/nothing", headers=wanted).data)
    for accept in ("text/html,application/json;q=0.9", "*/*", "text/html"):
        read_page(client.get(f"/p/{passage.id}", headers={"Accept": accept}))


def test_api_page_shows_every_field_default_range_and_a_call_that_works(client: FlaskClient) -> None:
    page = read_page(client.get("/api"))
    document = client.get("/api/v1/openapi.json").get_json()
    for name, form in document["components"]["schemas"].items():
        for field, schema in form["properties"].items():
            assert field in page.text
            assert schema.get("description", "") in page.text, f"{name}.{field}"
    assert "default 5, 1 to 20" in page.text
    calls = [text_of(code) for code in page.all("code") if text_of(code).startswith("curl ")]
    assert len(calls) == 7
    for call in calls:
        _, address, *rest = shlex.split(call)
        path = address.removeprefix("http://localhost")
        sent = {"data": rest[-1], "content_type": "application/json", "method": "POST"} if rest else {}
        assert client.open(path, **sent).status_code == 200
    shown = [json.loads(text_of(code)) for code in page.all("code") if text_of(code).startswith("{")]
    assert len(shown) == 7
    assert shown[0]["passages"][0]["text"].startswith("Shuddering attacks are rare")


@pytest.mark.parametrize("path", ["/?q=calcium+iron+zinc", "/p/{}"])
def test_headings_above_the_nearest_are_printed(
    client: FlaskClient, answerer: WordAnswerer, path: str
) -> None:
    table = answerer.passages_of("jerks")[-1]
    assert table.section == ("When to Call", "How Minerals Help")
    page = read_page(client.get(path.format(table.id)))
    assert "When to Call" in [text_of(line) for line in page.with_class("by")]
