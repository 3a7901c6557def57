"""A reader follows every link there is: nothing is left behind, and nobody else is told."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Page, Request, Route

from running import Server
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

STORED = """async () => [
    document.cookie, localStorage.length, sessionStorage.length,
    (await indexedDB.databases()).length, (await caches.keys()).length,
    (await navigator.serviceWorker.getRegistrations()).length,
]"""
PAGES = 30
"""Enough for one of each kind several times over."""


def find_links(page: Page) -> list[str]:
    links: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return links


def crawl(page: Page, address: str) -> tuple[set[str], set[str]]:
    """Open pages of the site, breadth first; gives them and the pages elsewhere that they link to."""
    waiting = [f"{address}/", f"{address}/?q=is+shuddering+dangerous%3F"]
    seen, elsewhere = set[str](), set[str]()
    while waiting and len(seen) < PAGES:
        opened = waiting.pop(0)
        if opened in seen:
            continue
        seen.add(opened)
        page.goto(opened)
        assert page.evaluate(STORED) == ["", 0, 0, 0, 0, 0], opened
        links = {urldefrag(link).url for link in find_links(page)}
        waiting += sorted(link for link in links if link.startswith(f"{address}/"))
        elsewhere |= {link for link in links if link.startswith("https://")}
    return seen, elsewhere


def test_no_page_stores_anything_or_asks_anyone_else(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.address}/")
    requests: list[Request] = []
    page.context.on("request", lambda request: requests.append(request))
    seen, elsewhere = crawl(page, server.address)
    kinds = {urlsplit(address).path.split("/")[1] for address in seen}
    assert {"", "articles", "p", "about"} <= kinds
    assert {urlsplit(request.url).netloc for request in requests} == {urlsplit(server.address).netloc}
    assert [request.url for request in requests if request.header_value("referer")] == []
    assert page.context.cookies() == []
    assert elsewhere


def test_no_link_to_a_source_tells_where_the_reader_comes_from(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.address}/")
    _, elsewhere = crawl(page, server.address)
    told: list[str | None] = []

    def answer(route: Route) -> None:
        told.append(route.request.header_value("referer"))
        route.fulfill(body="the source")

    page.context.route(re.compile("^https:"), answer)
    for address in sorted(elsewhere):
        page.goto(f"{server.address}/?q=is+shuddering+dangerous%3F")
        page.evaluate("address => { location.href = address }", address)
        page.wait_for_url(re.compile("^https:"))
    assert told == [None] * len(elsewhere)
