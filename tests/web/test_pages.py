"""Every page and state: valid, labelled, with the notices, and with the articles' own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.answering.citation import format_day
from app.notices import (
    CLOSEST,
    EMERGENCY_NUMBERS,
    EMERGENCY_SIGNS,
    EXAMPLES,
    HELP_BESIDE,
    NOT_ANSWERED,
    NOTHING_FOUND_MEANS,
    NOW_TITLE,
    SOURCES_DIFFER,
    SURENESS,
    TODAY_TITLE,
    URGENT_NOTICE,
    WEAK,
    WHO_TO_CALL,
    WITHDRAWN,
)
from app.records import Answer, WithdrawnPassage
from app.settings import Settings
from app.web import create_app
from tests.web.answerer import WordAnswerer
from tests.web.page import Page, read_page, squeeze, text_of

ANSWERED = "/?q=is+shuddering+dangerous"
CLOSEST_STATE = "/?q=shuddering+cats+dogs+cows+pigs"
NONE = "/?q=zebra+crossing"
URGENT = "/?q=jerks+lips+blue"
HELP = "/?q=jerks+in+sleep"
TODAY = "/?q=jerks+nodding+sleep"
SUGGESTION = "/?q=shudering+attacks+stop"


def passage_id(answerer: WordAnswerer, section: str) -> str:
    return next(
        passage.id
        for article in answerer.articles()
        for passage in answerer.passages_of(article.slug)
        if passage.section[-1] == section
    )


def withdraw(answerer: WordAnswerer, *, article: str = "jerks", section: str = "Jerks in Sleep") -> str:
    answerer.gone["abcd1234abcd1234"] = WithdrawnPassage(
        id="abcd1234abcd1234",
        text="Sleep jerks are <old> news.\nThey are harmless jerks of the legs.",
        section=(section,),
        article=article,
        title="Why Babies Jerk",
        publisher="Example & Sons",
        url="https://example.org/jerks",
        withdrawn=date(2026, 11, 20),
    )
    return "/p/abcd1234abcd1234"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        (ANSWERED, 200),
        (CLOSEST_STATE, 200),
        (NONE, 200),
        (URGENT, 200),
        (HELP, 200),
        (SUGGESTION, 200),
        ("/articles", 200),
        ("/articles/jerks", 200),
        ("/articles/shudders", 200),
        ("/about", 200),
        ("/accessibility", 200),
        ("/api", 200),
        ("/?q=", 400),
        ("/?q=%00", 400),
        ("/?q=%FF", 400),
        ("/?q=jerks&k=0", 400),
        ("/?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27{{7*7}}", 200),
        ("/nothing-here", 404),
        ("/articles/nothing-here", 404),
        ("/p/nothing-here", 404),
        ("/p/..%2f..%2fetc%2fpasswd", 404),
        ("/static/nightlight.css", 404),
    ],
)
def test_page_is_valid_and_has_the_notices(client: FlaskClient, path: str, status: int) -> None:
    read_page(client.get(path), status)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"])
def test_wrong_method_gets_a_page_with_the_notices(client: FlaskClient, method: str) -> None:
    response = client.open("/articles", method=method)
    read_page(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_first_passage_is_shown_word_for_word(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(client.get(ANSWERED + "&k=1"))
    id_ = passage_id(answerer, "Is shuddering dangerous?")
    words = "Shuddering attacks are rare and harmless. They often stop by the age of 2 or 3."
    assert page.passages() == {id_: words}
    assert [text_of(mark) for mark in page.all("mark")] == ["Shuddering attacks are rare and harmless."]
    assert [text_of(status) for status in page.all("p", role="status")] == [SURENESS["good"]]


@pytest.mark.parametrize("path", [ANSWERED, CLOSEST_STATE, URGENT, HELP])
def test_every_passage_equals_its_slice_of_the_article(
    client: FlaskClient, answerer: WordAnswerer, path: str
) -> None:
    shown = read_page(client.get(path)).passages()
    assert shown
    for id_, words in shown.items():
        passage = answerer.passage(id_)
        assert words == answerer.article(passage.article).text[passage.start : passage.end]


@pytest.mark.parametrize("slug", ["jerks", "shudders"])
def test_article_is_shown_whole_and_word_for_word(
    client: FlaskClient, answerer: WordAnswerer, slug: str
) -> None:
    page = read_page(client.get(f"/articles/{slug}"))
    (body,) = page.with_class("article")
    assert text_of(body) == answerer.article(slug).text
    passages = {f"p-{passage.id}": passage.text for passage in answerer.passages_of(slug)}
    assert {part.attrib["id"]: text_of(part) for part in page.with_class("passage")} == passages


def test_article_has_an_outline_of_its_headings(client: FlaskClient) -> None:
    page = read_page(client.get("/articles/jerks"))
    (outline,) = page.with_class("outline")
    links = {text_of(link): link.attrib["href"][1:] for link in outline.iter("a")}
    assert list(links) == ["Jerks in Sleep", "When to Call", "How Minerals Help"]
    headings = {heading.get("id"): text_of(heading) for heading in (*page.all("h2"), *page.all("h3"))}
    assert {name: headings[target] for name, target in links.items()} == {name: name for name in links}


def test_links_of_an_extract_lead_to_its_places(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(client.get(ANSWERED + "&k=1"))
    id_ = passage_id(answerer, "Is shuddering dangerous?")
    (links,) = page.with_class("links")
    assert {text_of(link): link.attrib["href"] for link in links.iter("a")} == {
        "Read it in the article: Is shuddering dangerous?": f"/articles/shudders#p-{id_}",
        "Original page: Is shuddering dangerous?": "https://example.org/shudders"
        "#:~:text=Shuddering%20attacks%20are%20rare%20and,age%20of%202%20or%203.",
        "Link to this extract: Is shuddering dangerous?": f"/p/{id_}",
        "Exact extract: see the proof: Is shuddering dangerous?": f"/p/{id_}#proof",
    }
    for link in links.iter("a"):
        if link.attrib["href"].startswith("/"):
            read_page(client.get(link.attrib["href"].partition("#")[0]))


def test_two_sources_stand_apart_each_with_its_own_name(client: FlaskClient) -> None:
    page = read_page(client.get("/?q=harmless+shuddering+jerks"))
    (count,) = page.with_class("count")
    assert SOURCES_DIFFER in text_of(count)
    cites = [text_of(cite) for article in page.all("article") for cite in article.iter("cite")]
    assert set(cites) == {"Why Babies Jerk", "Shuddering"}
    assert len(cites) == len(page.all("article"))


def test_question_is_in_the_box_and_not_in_the_title(client: FlaskClient) -> None:
    page = read_page(client.get("/?q=is+shuddering+%22dangerous%22+%3Cb%3E"))
    assert page.typed == 'is shuddering "dangerous" <b>'
    assert "shuddering" not in page.title
    assert page.all("b") == []


@pytest.mark.parametrize(
    ("query", "typed", "message"),
    [
        ("q=%20", " ", "Please type a question."),
        (
            "q=jerk%00s%0D%0A",
            "jerk s  ",
            "Your question has hidden signs in it. Type it again in plain words.",
        ),
        ("q=%FFjerks", "�jerks", "Your question could not be read. Send it as UTF-8 text."),
        ("q=" + "j" * 1001, "j" * 1001, "Your question is too long. Use 1,000 characters or less."),
        ("q=jerks&k=99", "jerks", "k must be a whole number from 1 to 20."),
        ("q=%3Ci%3E%00", "<i> ", "Your question has hidden signs in it. Type it again in plain words."),
    ],
)
def test_refused_question_stays_in_the_box_with_what_to_do(
    client: FlaskClient, query: str, typed: str, message: str
) -> None:
    page = read_page(client.get(f"/?{query}"), 400)
    assert page.typed == typed
    assert squeeze(text_of(page.one("p", id="why"))) == message


def test_urgent_question_puts_the_full_card_before_everything(client: FlaskClient) -> None:
    page = read_page(client.get(URGENT))
    (card,) = page.with_class("card")
    assert (card.get("role"), card.get("class")) == ("alert", "card full now")
    assert URGENT_NOTICE in squeeze(text_of(card))
    (signs,) = page.with_class("signs")
    assert [text_of(sign) for sign in signs.iter("li")] == list(EMERGENCY_SIGNS)
    assert page.source.index('class="card full now"') < page.source.index("<header")
    assert NOW_TITLE in page.h1
    assert NOW_TITLE in page.title
    assert read_page(client.get(ANSWERED)).all("div", role="alert") == []


@pytest.mark.parametrize(("path", "title"), [(URGENT, NOW_TITLE), (TODAY, TODAY_TITLE)])
def test_alarm_has_the_first_heading_and_stands_again_after_the_extracts(
    client: FlaskClient, path: str, title: str
) -> None:
    page = read_page(client.get(path))
    first = next(element for element in page.root.iter() if element.tag in ("h1", "h2", "h3"))
    assert (first.tag, title in text_of(first), title in page.title) == ("h1", True, True)
    (again,) = page.with_class("care")
    assert title in text_of(again)
    assert page.source.rindex("<article") < page.source.index('class="care ')
    numbers = [link.attrib["href"] for link in again.iter("a")]
    assert numbers == [f"tel:{number}" for number in EMERGENCY_NUMBERS]


@pytest.mark.parametrize("path", [URGENT, TODAY])
def test_under_an_alarm_what_reassures_is_folded_or_comes_after_the_help(
    client: FlaskClient, answerer: WordAnswerer, path: str
) -> None:
    page = read_page(client.get(path))
    (beside,) = page.with_class("beside")
    assert page.passages()[passage_id(answerer, "When to Call")] in text_of(beside)
    first, *others = page.with_class("extract")
    assert first in list(beside.iter())
    folded = [extract for fold in page.with_class("closest") for extract in fold.iter("article")]
    assert others if path == TODAY else others == folded != []


def test_under_an_alarm_without_help_in_the_articles_nothing_is_open(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    path = "/?q=is+shuddering+dangerous+nodding&k=1"
    page = read_page(client.get(path))
    assert page.with_class("beside") == []
    (folded,) = page.with_class("closest")
    assert list(folded.iter("article")) == page.with_class("extract") != []


def test_weak_answer_looks_weak(
    client: FlaskClient, answerer: WordAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answerer.answer
    monkeypatch.setattr(
        answerer, "answer", lambda *args, **named: replace(answer(*args, **named), confidence=0.3)
    )
    page = read_page(client.get(ANSWERED))
    assert page.h1 == WEAK
    assert page.title.startswith(WEAK)
    assert SURENESS["weak"] in page.text
    assert {"sure-weak" in extract.attrib["class"] for extract in page.with_class("extract")} == {True}


def test_long_question_stands_whole_above_the_answer_with_the_date(client: FlaskClient) -> None:
    question = "is shuddering dangerous, or does it stop by the age of two as my <mother> says it will?"
    page = read_page(client.get("/", query_string={"q": question}))
    (asked,) = page.with_class("asked")
    assert question in text_of(asked)
    assert format_day(date.today()) in text_of(asked)
    assert page.source.index('class="asked"') < page.source.index("<article")


def test_lines_of_the_field_are_one_question(client: FlaskClient, answerer: WordAnswerer) -> None:
    client.get("/", query_string={"q": "jerks\r\nin\tsleep"})
    client.post("/", data={"q": "jerks\nin sleep"})
    assert answerer.asked == [("jerks in sleep", 5)] * 2


def test_posted_answer_may_be_kept_by_the_readers_browser_alone(client: FlaskClient) -> None:
    response = client.post("/", data={"q": "jerks in sleep"})
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_proof_is_in_plain_words_with_whole_words_around(client: FlaskClient, answerer: WordAnswerer) -> None:
    id_ = passage_id(answerer, "How Minerals Help")
    passage, article = answerer.passage(id_), answerer.article("jerks")
    page = read_page(client.get(f"/p/{id_}"))
    assert f"Characters {passage.start:,} to {passage.end:,} of the article" in page.text
    (around,) = page.with_class("around")
    before = text_of(around).partition(passage.text)[0]
    assert len(before) > 100
    start = passage.start - len(before)
    assert article.text[start : passage.start] == before
    assert article.text[start - 1].isspace()
    assert not before[0].isspace()


def test_help_from_the_same_article_stands_beside_the_first_extract(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    page = read_page(client.get(HELP))
    (beside,) = page.with_class("beside")
    assert HELP_BESIDE in squeeze(text_of(beside))
    assert page.passages()[passage_id(answerer, "When to Call")] in text_of(beside)
    extracts = page.with_class("extract")
    assert page.source.index('class="extract ') < page.source.index('class="beside"')
    assert len(extracts) > 1


def test_nearest_extracts_are_folded_away_and_named_as_no_answer(client: FlaskClient) -> None:
    page = read_page(client.get(CLOSEST_STATE))
    assert page.h1 == CLOSEST
    (folded,) = page.with_class("closest")
    assert folded.tag == "details"
    assert "open" not in folded.attrib
    assert len(page.with_class("extract")) == len(
        [e for e in folded.iter() if "extract" in e.get("class", "").split()]
    )
    assert NOTHING_FOUND_MEANS in page.text
    assert WHO_TO_CALL in page.text


def test_no_answer_says_so_and_what_to_do_next(client: FlaskClient) -> None:
    page = read_page(client.get(NONE))
    assert page.h1 == NOT_ANSWERED
    assert page.passages() == {}
    assert WHO_TO_CALL in page.text
    assert EXAMPLES[0] in page.text


def test_suggestion_is_a_link_and_is_not_followed_by_itself(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    page = read_page(client.get(SUGGESTION))
    (suggestion,) = page.with_class("mended")
    assert [link.attrib["href"] for link in suggestion.iter("a")] == ["/?q=shuddering%20attacks%20stop"]
    assert answerer.asked == [("shudering attacks stop", 5)]


def test_citation_can_be_copied_without_script(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(client.get(ANSWERED + "&k=1"))
    id_ = passage_id(answerer, "Is shuddering dangerous?")
    plain, markdown = (text_of(pre) for pre in page.all("pre"))
    assert plain == client.get(f"/api/v1/passages/{id_}").get_json()["passage"]["citation"]
    heading = "Is shuddering dangerous?"
    assert plain.startswith(f"Under the heading “{heading}”:\n\n“Shuddering attacks are rare")
    assert f"http://localhost/p/{id_}" in plain
    assert markdown.startswith(f"> **{heading}**\n>\n> Shuddering attacks are rare")


def test_lead_in_stands_above_a_passage_that_needs_it(client: FlaskClient, answerer: WordAnswerer) -> None:
    article = answerer.article("jerks")
    *others, table = answerer.passages_of("jerks")
    start = article.text.index("Zinc")
    header = article.text.index("Mineral Main")
    row = replace(
        table,
        start=start,
        text=article.text[start : table.end],
        lead=(header, article.text.index("\nCalcium")),
    )
    answerer._passages["jerks"] = (*others, row)
    page = read_page(client.get(f"/p/{row.id}"))
    (lead,) = page.with_class("lead")
    assert text_of(lead) == "Mineral Main Job Common Source"
    assert page.passages() == {row.id: "Zinc Helps with healing. Cereals."}
    citation = client.get(f"/api/v1/passages/{row.id}").get_json()["passage"]["citation"]
    assert citation.startswith(
        "Under the heading “When to Call > How Minerals Help”:\n\n"
        "“Mineral Main Job Common Source\n[...]\nZinc Helps with healing. Cereals.”\n\nFrom: "
    )


def test_permanent_page_shows_context_and_proof(client: FlaskClient, answerer: WordAnswerer) -> None:
    id_ = passage_id(answerer, "Is shuddering dangerous?")
    page = read_page(client.get(f"/p/{id_}"))
    article = answerer.article("shudders")
    assert page.h1 == "Is shuddering dangerous?"
    assert article.sha256 in page.text
    assert "Yes. We checked just now." in page.text
    assert "does not hurt the baby’s brain." in page.text
    (quotation,) = page.all("div", itemtype="https://schema.org/Quotation")
    (words,) = (element for element in quotation.iter() if element.get("itemprop") == "text")
    assert text_of(words) == answerer.passage(id_).text


def test_proof_of_a_changed_article_fails_openly(client: FlaskClient, answerer: WordAnswerer) -> None:
    changed = replace(
        answerer.article("shudders"), text=answerer.article("shudders").text.replace("rare", "odd ")
    )
    answerer._articles["shudders"] = changed
    id_ = passage_id(answerer, "Is shuddering dangerous?")
    assert "No. The check just failed." in read_page(client.get(f"/p/{id_}")).text
    proof = client.get(f"/api/v1/passages/{id_}/verify").get_json()
    assert (proof["exact"], proof["text_matches"], proof["article_sha256_matches"]) == (False, False, False)


@pytest.mark.parametrize("section", ["Jerks in Sleep", "A section that is no more"])
def test_withdrawn_passage_says_what_it_said_and_what_is_there_now(
    client: FlaskClient, answerer: WordAnswerer, section: str
) -> None:
    page = read_page(client.get(withdraw(answerer, section=section)))
    assert page.h1 == WITHDRAWN
    assert "20 November 2026" in page.text
    now = passage_id(answerer, "Jerks in Sleep")
    assert page.passages() == {
        "abcd1234abcd1234": "Sleep jerks are <old> news.\nThey are harmless jerks of the legs.",
        now: answerer.passage(now).text,
    }


def test_withdrawn_passage_of_a_section_that_stands_names_that_sections_own(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    page = read_page(client.get(withdraw(answerer, section="When to Call")))
    assert list(page.passages()) == ["abcd1234abcd1234", passage_id(answerer, "When to Call")]


def test_withdrawn_passage_of_another_section_names_nothing_unlike(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    path = withdraw(answerer, article="shudders", section="Gone Section")
    assert list(read_page(client.get(path)).passages()) == ["abcd1234abcd1234"]


def test_withdrawn_passage_of_a_removed_article_says_so(client: FlaskClient, answerer: WordAnswerer) -> None:
    page = read_page(client.get(withdraw(answerer, article="removed")))
    assert "The whole article is gone from here." in page.text


def test_withdrawn_passage_whose_words_are_gone_is_410(client: FlaskClient, answerer: WordAnswerer) -> None:
    answerer.gone["abcd1234abcd1234"] = None
    page = read_page(client.get("/p/abcd1234abcd1234"), 410)
    assert WITHDRAWN in page.text
    reply = client.get("/api/v1/passages/abcd1234abcd1234")
    assert (reply.status_code, reply.get_json()["withdrawn"]) == (410, None)


def test_withdrawn_passage_in_the_api_is_410_with_its_words(
    client: FlaskClient, answerer: WordAnswerer
) -> None:
    withdraw(answerer)
    reply = client.get("/api/v1/passages/abcd1234abcd1234")
    assert reply.status_code == 410
    assert reply.get_json()["withdrawn"] == {
        "id": "abcd1234abcd1234",
        "text": "Sleep jerks are <old> news.\nThey are harmless jerks of the legs.",
        "section": ["Jerks in Sleep"],
        "article": {
            "slug": "jerks",
            "title": "Why Babies Jerk",
            "author": None,
            "publisher": "Example & Sons",
            "url": "https://example.org/jerks",
        },
        "withdrawn": "2026-11-20",
    }


def test_about_names_the_measures_of_the_index(client: FlaskClient) -> None:
    page = read_page(client.get("/about"))
    rows = [[text_of(cell) for cell in row] for row in page.all("tr")]
    assert rows == [["Measure", "Result"], ["Test questions", "90"], ["The first extract answers", "85%"]]


def test_search_description_names_this_site(client: FlaskClient) -> None:
    response = client.get("/opensearch.xml")
    assert response.content_type == "application/opensearchdescription+xml"
    assert '<Url type="text/html" template="http://localhost/?q={searchTerms}"/>' in response.text
    assert "suggestions" not in response.text


@pytest.fixture
def private(answerer: WordAnswerer) -> FlaskClient:
    settings = Settings(_env_file=None, question_method="post", emergency_number="000", operator="A. Nurse")
    return create_app(settings, answerer).test_client()


def test_posted_question_is_answered_and_no_link_carries_it(
    private: FlaskClient, answerer: WordAnswerer
) -> None:
    response = private.post("/", data={"q": "shudering attacks stop"})
    assert response.status_code == 200
    assert answerer.asked == [("shudering attacks stop", 5)]
    assert '<form class="ask again short" action="/" method="post"' in response.text
    assert "?q=" not in response.text
    assert '<button class="link" name="q" value="shuddering attacks stop">' in response.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"q=", "application/x-www-form-urlencoded", 400),
        (b"q=%00", "application/x-www-form-urlencoded", 400),
        (b"q=a&q=b", "application/x-www-form-urlencoded", 400),
        (b"q=" + b"a" * 9000, "application/x-www-form-urlencoded", 413),
        (b"q=a", "text/plain", 415),
        (b"", "multipart/form-data; boundary=x", 415),
    ],
)
def test_bad_post_gets_the_form_again(
    client: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    read_page(client.post("/", data=body, content_type=content_type), status)


def test_posted_question_that_is_refused_stays_in_the_box(client: FlaskClient) -> None:
    page = read_page(client.post("/", data={"q": "jerks\x07 here"}), 400)
    assert page.typed == "jerks  here"


def test_own_emergency_number_stands_on_the_card(private: FlaskClient) -> None:
    text = private.get("/about").text
    assert 'Call your local emergency number now: <a href="tel:000">000</a>.' in text
    assert "A. Nurse" in text
    assert (
        private.get("/api/v1/answers?q=jerks")
        .get_json()["notices"]["emergency"]
        .startswith("Call your local emergency number now: 000.")
    )


def test_without_an_index_the_page_still_says_whom_to_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(Settings(_env_file=None, index_dir=tmp_path / "index")).test_client()
    assert "no index to answer with: " in caplog.text
    response = client.get(ANSWERED)
    page: Page = read_page(response, 503)
    assert page.typed == "is shuddering dangerous"
    assert response.headers["Retry-After"] == "10"
    assert client.get("/?q=%00").status_code == 400
    assert client.post("/", json={"q": "jerks"}).status_code == 415
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").get_json() == {"status": "alive"}


class BrokenAnswerer(WordAnswerer):
    def answer(self, question: str, k: int = 5, article: str | None = None) -> Answer:  # noqa: ARG002
        raise RuntimeError(f"cannot answer {question} with {k}")


def test_fault_is_told_with_the_notices_and_logged_without_the_question(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(settings, BrokenAnswerer()).test_client()
    page = read_page(client.get("/?q=secret+canary"), 500)
    assert page.typed == "secret canary"
    assert "unexpected RuntimeError at " in caplog.text
    assert "canary" not in caplog.text
