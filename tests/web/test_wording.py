"""The interface speaks at reading grade 6 or lower; the articles' own words are not counted."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from app import notices
from tests.reading import reading_grade
from tests.web.page import read_page, squeeze
from tests.web.test_pages import ANSWERED, CLOSEST_STATE, HELP, NONE, SUGGESTION, URGENT

HIGHEST = 6.0
NOTICES = {
    name: value if isinstance(value, str) else ". ".join(value.values() if isinstance(value, dict) else value)
    for name, value in vars(notices).items()
    if name.isupper() and name != "SURE_FROM"
}
NOT_OURS = {"blockquote", "cite", "code", "pre", "script", "title"}
NOT_OURS_CLASSES = {
    "article",
    "articles",
    "outline",
    "source",
    "section",
    "rights",
    "around",
    "by",
    "examples",
}
ENDS = (".", "?", "!", ":")


def words_of(element: Element) -> Iterator[str]:
    """The interface's own words, each piece ended as a sentence."""
    ours = element.tag not in NOT_OURS and not NOT_OURS_CLASSES & set((element.get("class") or "").split())
    if ours:
        yield element.text or ""
        for child in element:
            yield from words_of(child)
            yield child.tail or ""
    if element.tag not in ("a", "strong", "span"):
        yield "\n"


def interface_words(root: Element) -> str:
    lines = (squeeze(line) for line in "".join(words_of(root)).split("\n"))
    return " ".join(line if line.endswith(ENDS) else f"{line}." for line in lines if line)


@pytest.mark.parametrize("name", NOTICES)
def test_notice_is_easy_to_read(name: str) -> None:
    assert reading_grade(NOTICES[name]) <= HIGHEST


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        (ANSWERED, 200),
        (HELP, 200),
        (URGENT, 200),
        (CLOSEST_STATE, 200),
        (NONE, 200),
        (SUGGESTION, 200),
        ("/?q=", 400),
        ("/?q=%00", 400),
        ("/nothing", 404),
        ("/articles", 200),
        ("/articles/jerks", 200),
        ("/about", 200),
        ("/accessibility", 200),
    ],
)
def test_page_is_easy_to_read(client: FlaskClient, path: str, status: int) -> None:
    words = interface_words(read_page(client.get(path), status).root)
    assert len(words.split()) > 100
    assert reading_grade(words) <= HIGHEST
