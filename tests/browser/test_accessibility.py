"""axe finds nothing on any page or state, in light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

AXE = Axe()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""All that another scheme can change."""
STATES = {
    "search": "/",
    "answered": "/?q=harmless+shuddering+jerks",
    "help beside": "/?q=jerks+in+sleep",
    "urgent": "/?q=jerks+lips+blue",
    "today": "/?q=jerks+nodding+sleep",
    "another language": "/?q=duerme+jerks+sleep",
    "closest": "/?q=shuddering+cats+dogs+cows+pigs",
    "none": "/?q=zebra+crossing",
    "suggestion": "/?q=shudering+attacks+stop",
    "refused": "/?q=%00",
    "not found": "/nothing-here",
    "articles": "/articles",
    "article": "/articles/jerks",
    "many questions": "/many",
    "topics": "/topics",
    "one article": "/?q=harmless+shuddering+jerks&article=jerks&k=1",
    "withdrawn": "/p/abcd1234abcd1234",
    "about": "/about",
    "accessibility": "/accessibility",
    "for programs": "/api",
}

MAIN = ("search", "answered", "urgent", "today", "closest", "none", "many questions", "article")
OTHERS = [pytest.param(state, marks=pytest.mark.thorough) for state in STATES if state not in MAIN]
COLOURFUL = ("answered", "urgent", "none")
"""States that between them have every colour there is."""
REST = [pytest.param(state, marks=pytest.mark.thorough) for state in STATES if state not in COLOURFUL]
SCHEMES: tuple[dict[str, Any], ...] = (
    {"color_scheme": "light", "contrast": "more"},
    {"color_scheme": "dark"},
    {"color_scheme": "dark", "contrast": "more"},
    {"color_scheme": "light", "contrast": "no-preference", "forced_colors": "active"},
)


def open_state(open_page: OpenPage, address: str) -> Page:
    """On a phone, with everything unfolded."""
    page = open_page(address, viewport={"width": 390, "height": 780})
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    return page


def assert_no_violation(page: Page, options: dict[str, list[str]]) -> None:
    violations = AXE.run(page, options=options).response["violations"]
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations] == []


@pytest.mark.parametrize("state", [*MAIN, *OTHERS])
def test_axe_finds_nothing(states: str, open_page: OpenPage, state: str) -> None:
    assert_no_violation(open_state(open_page, states + STATES[state]), RULES)


@pytest.mark.parametrize("state", [*COLOURFUL, *REST])
def test_axe_finds_nothing_in_other_colours(states: str, open_page: OpenPage, state: str) -> None:
    page = open_state(open_page, states + STATES[state])
    for scheme in SCHEMES:
        page.emulate_media(**scheme)
        assert_no_violation(page, COLOURS)
