"""Reads a page as a strict browser would and checks what every page must have."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import html5lib
from werkzeug.test import TestResponse

from app.notices import DISCLAIMER, emergency_text
from app.web.hooks import SECURITY_HEADERS

_FORBIDDEN_TAGS = {"style", "iframe", "object", "embed", "base", "img"}
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Page:
    """A page that has passed every check."""

    root: Element
    source: str

    @property
    def title(self) -> str:
        return text_of(self.one("title"))

    @property
    def h1(self) -> str:
        return text_of(self.one("h1"))

    @property
    def typed(self) -> str:
        """What stands in the search box."""
        return text_of(self.one("textarea", id="q"))

    @property
    def text(self) -> str:
        """All visible words, white space folded."""
        return squeeze(text_of(self.one("body")))

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self.root.iter(tag)
            if all(element.get(name.replace("_", "-")) == value for name, value in attributes.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

    def with_class(self, name: str) -> list[Element]:
        return [element for element in self.root.iter() if name in (element.get("class") or "").split()]

    def passages(self) -> dict[str, str]:
        """The text of each passage on the page, by id, exactly as a browser has it."""
        return {
            element.attrib["data-passage"]: text_of(element)
            for element in self.root.iter()
            if "data-passage" in element.attrib
        }


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def squeeze(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def read_page(response: TestResponse, status: int = 200) -> Page:
    """The page of a response, after every check that holds for all pages."""
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    page = Page(parser.parse(response.text), response.text)
    _check_structure(page)
    _check_labels(page)
    _check_nothing_from_elsewhere(page)
    _check_notices(page)
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Set-Cookie" not in response.headers
    return page


def _check_structure(page: Page) -> None:
    assert page.root.get("lang") == "en"
    assert squeeze(page.title)
    assert squeeze(page.h1)
    ids = Counter(element.attrib["id"] for element in page.root.iter() if "id" in element.attrib)
    assert [name for name, count in ids.items() if count > 1] == []
    pointing = (
        element.get("aria-labelledby") or element.get("aria-describedby") for element in page.root.iter()
    )
    assert {name for name in pointing if name} - ids.keys() == set()
    targets = {link.attrib["href"][1:] for link in page.all("a") if link.get("href", "").startswith("#")}
    assert targets - ids.keys() == set()


def _check_labels(page: Page) -> None:
    labelled = {label.attrib["for"] for label in page.all("label")}
    boxes = [*page.all("input"), *page.all("textarea"), *page.all("select")]
    shown = [box for box in boxes if box.get("type") != "hidden"]
    assert {box.attrib["id"] for box in shown} - labelled == set()
    assert [link.attrib for link in page.all("a") if not squeeze(text_of(link))] == []
    assert [button.attrib for button in page.all("button") if not squeeze(text_of(button))] == []


def _check_nothing_from_elsewhere(page: Page) -> None:
    for element in page.root.iter():
        assert element.tag not in _FORBIDDEN_TAGS
        assert [name for name in element.attrib if name == "style" or name.startswith("on")] == []
        assert element.get("src", "/").startswith("/")
        if element.tag == "link":
            assert element.attrib["href"].startswith("/")
        if element.tag == "script":
            assert "src" in element.attrib
        if element.tag == "form":
            assert element.attrib["action"].partition("#")[0] in ("/", "/many")


def _check_notices(page: Page) -> None:
    (card,) = page.with_class("card")
    assert emergency_text() in squeeze(text_of(card))
    assert DISCLAIMER in page.text
