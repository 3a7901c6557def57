"""The pages under whatever a reader sets: colours, contrast, zoom, motion, no mouse, no GET."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.answering.reassurance import reassures
from app.settings import Settings
from app.web import create_app
from tests.browser.conftest import OpenPage, serve
from tests.browser.test_accessibility import STATES
from tests.web.answerer import WordAnswerer, make_article

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
ANSWERED, NOW, TODAY = (STATES[name] for name in ("answered", "urgent", "today"))
LONG = "jerks in her sleep, short and harmless, of arms or legs, do they stop when she wakes up?"


def style(page: Page, selector: str, name: str) -> str:
    value: str = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{name}")
    return value


def top(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["y"]


def test_buttons_keep_their_shape_and_numbers_their_line_in_forced_colours(
    states: str, open_page: OpenPage
) -> None:
    page = open_page(states + ANSWERED, forced_colors="active")
    for selector in (".ask button", ".number"):
        assert style(page, selector, "borderTopStyle") == "solid"
        assert style(page, selector, "borderTopWidth") == "2px"
    assert style(page, ".number", "textDecorationLine") == "underline"
    assert style(page, "mark", "textDecorationLine") == "underline"


def test_marks_do_not_hang_on_a_faint_colour_where_more_contrast_is_wanted(
    states: str, open_page: OpenPage
) -> None:
    page = open_page(states + ANSWERED)
    assert style(page, "mark", "textDecorationLine") == "none"
    page.emulate_media(contrast="more")
    assert style(page, "mark", "textDecorationLine") == "underline"
    assert style(page, ".source", "color") == style(page, "body", "color")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_by_itself(states: str, open_page: OpenPage, motion: Any) -> None:
    page = open_page(states + ANSWERED, reduced_motion=motion)
    assert style(page, "html", "scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0


def test_nothing_scrolls_sideways_at_400_percent_or_with_text_twice_as_large(
    states: str, open_page: OpenPage
) -> None:
    page = open_page("about:blank", viewport={"width": 320, "height": 256}, bypass_csp=True)
    for state, path in STATES.items():
        page.set_viewport_size({"width": 320, "height": 256})
        page.goto(states + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
        if state in ("search", "answered", "closest", "none"):  # the field is on the first screen
            assert top(page, "#q") < 256, state
        page.set_viewport_size({"width": 640, "height": 800})
        page.add_style_tag(content="html { font-size: 225% }")
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, state


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("state", [ANSWERED, NOW, TODAY])
def test_emergency_numbers_are_large_enough_for_a_thumb(
    states: str, open_page: OpenPage, state: str, width: int
) -> None:
    page = open_page(states + state, viewport={"width": width, "height": 844})
    numbers = [number for number in page.locator(".number").all() if number.is_visible()]
    assert numbers
    for number in numbers:
        box = number.bounding_box()
        assert box
        assert (box["width"] >= 44, box["height"] >= 44) == (True, True)


def test_reading_order_is_the_order_on_the_screen(states: str, open_page: OpenPage) -> None:
    page = open_page(states + ANSWERED, viewport=PHONE)
    order = [".brand", ".bar details", "#q", "h1", ".extract.first", ".count", "footer"]
    places = [top(page, selector) for selector in order]
    assert places == sorted(places)
    follows = """([one, next]) => Boolean(
        document.querySelector(one).compareDocumentPosition(document.querySelector(next))
        & Node.DOCUMENT_POSITION_FOLLOWING
    )"""
    assert all(page.evaluate(follows, list(pair)) for pair in pairwise(order))


@pytest.mark.parametrize(("width", "folds"), [(390, 1), (1100, 0)])
def test_extract_has_at_most_two_tab_stops_until_its_links_are_asked_for(
    open_page: OpenPage, width: int, folds: int
) -> None:
    far = " ".join(["Babies move a great deal while they are asleep."] * 12)
    text = f"Sleep\n\nJerks\n\n{far} Most jerks are harmless.\n\nShudders\n\nShudders are harmless.\n"
    answerer = WordAnswerer(make_article("sleep", "Sleep", text))
    with serve(create_app(Settings(_env_file=None), answerer)) as address:
        page = open_page(f"{address}/?q=harmless+jerks", viewport={"width": width, "height": 844})
    expect(page.locator(".before > summary").filter(visible=True)).to_have_count(folds)
    extracts = page.locator(".extract").all()
    stops = dict.fromkeys(range(len(extracts)), 0)
    page.locator("#q").focus()
    while page.evaluate("document.activeElement.closest('footer') === null"):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "[...document.querySelectorAll('.extract')].indexOf(document.activeElement.closest('.extract'))"
        )
        if place >= 0:
            stops[place] += 1
    assert len(stops) > 1
    assert set(stops.values()) == {2}


def test_question_field_grows_and_enter_asks(states: str, open_page: OpenPage) -> None:
    page = open_page(states, viewport=PHONE)
    box = page.get_by_role("textbox")
    low = box.bounding_box()
    box.fill(LONG)
    high = box.bounding_box()
    assert low
    assert high
    assert high["height"] > low["height"] + 40
    box.press("Shift+Enter")
    assert page.url == f"{states}/"
    box.press("Enter")
    expect(page.locator(".asked")).to_contain_text(LONG)
    expect(page.locator(".asked")).to_be_visible()


def test_question_from_right_to_left_is_written_so(states: str, open_page: OpenPage) -> None:
    page = open_page(f"{states}/?q=%D8%B7%D9%81%D9%84%D9%8A+jerks+sleep")
    assert style(page, "#q", "direction") == "rtl"
    page.get_by_role("textbox").fill("jerks")
    assert style(page, "#q", "direction") == "ltr"


@pytest.mark.parametrize("scripts", [True, False])
def test_back_after_a_posted_question_is_its_answer(
    private_states: str, open_page: OpenPage, scripts: bool
) -> None:
    page = open_page(private_states, java_script_enabled=scripts)
    page.get_by_role("textbox").fill(LONG)
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".extract").first).to_be_visible()
    assert page.url == f"{private_states}/"
    page.get_by_role("link", name="Articles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The articles")
    page.go_back()
    expect(page.locator(".extract").first).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value(LONG)


def test_card_opens_in_place_without_script(states: str, open_page: OpenPage) -> None:
    page = open_page(states + ANSWERED, java_script_enabled=False, viewport=PHONE)
    sign = page.get_by_text("Your baby is floppy and does not respond.")
    expect(sign).to_be_hidden()
    page.get_by_text("Call now if:").click()
    expect(sign).to_be_visible()


@pytest.mark.parametrize("state", [NOW, TODAY])
def test_under_an_alarm_the_first_open_extract_says_when_to_get_help(
    states: str, open_page: OpenPage, state: str
) -> None:
    page = open_page(states + state, viewport=PHONE)
    first = next(extract for extract in page.locator(".extract").all() if extract.is_visible())
    words = first.locator("[data-passage]").text_content()
    assert words
    assert words.startswith("Call a doctor if")
    assert not reassures(words)
    heading = page.get_by_role("heading").first
    assert page.locator("h1").count() == 1
    expect(heading).to_have_text(page.locator("h1").inner_text())
    again = page.locator(".care .alarm")
    expect(again).to_be_visible()
    assert top(page, ".care .alarm") > top(page, ".beside")


def test_under_the_loudest_alarm_no_other_extract_is_open(states: str, open_page: OpenPage) -> None:
    page = open_page(states + NOW, viewport=PHONE)
    extracts = page.locator(".extract").all()
    assert [extract.is_visible() for extract in extracts] == [True] + [False] * (len(extracts) - 1)
    page.locator(".closest > summary").click()
    assert all(extract.is_visible() for extract in extracts)


def test_question_in_another_language_has_its_card_on_top(states: str, open_page: OpenPage) -> None:
    page = open_page(states + STATES["another language"], viewport=PHONE)
    card = page.locator(".care[lang=es]")
    expect(card).to_be_visible()
    assert top(page, ".care[lang=es]") < top(page, ".brand")
