"""What parents and support staff do, on a running server with the real index."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from app.notices import DISCLAIMER, EMERGENCY_SIGNS, SIGNS_IN_SHORT, URGENT_LINE
from running import Server
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

QUESTION = "is shuddering dangerous?"
SECTION = "What is baby shudder syndrome?"
WORDS = (
    "Shuddering attacks (SA) are a rare and harmless condition that affects infants and young children. "
    "The movements during these attacks resemble shivering and straining, but do not cause any loss of "
    "consciousness or abnormal electrical activity in the brain. Typically, these attacks resolve or improve "
    "by the time the child reaches the age of 2 or 3."
)
PHONE = {"width": 390, "height": 780}


def ask(page: Page, question: str = QUESTION) -> None:
    page.get_by_role("textbox").fill(question)
    page.get_by_role("button", name="Ask").click()


def ask_for_links(page: Page) -> None:
    """Open what belongs to the first extract."""
    page.get_by_text("Read on, copy or check").first.click()


def answer_address(server: Server) -> str:
    return f"{server.address}/?q={quote(QUESTION)}"


def first_extract(page: Page) -> str:
    words = page.locator("[data-passage]").first.text_content()
    assert words
    return words


def width_over(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    over: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return over


def background(page: Page, selector: str) -> str:
    color: str = page.locator(selector).evaluate("element => getComputedStyle(element).backgroundColor")
    return color


def test_parent_asks_reads_opens_the_article_and_goes_back(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.address, viewport=PHONE)
    ask(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("What the articles say")
    expect(page.get_by_role("heading", level=2).first).to_have_text(SECTION)
    assert first_extract(page) == WORDS
    page.get_by_text("Call now if:").click()
    for words in (*EMERGENCY_SIGNS, URGENT_LINE):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator("footer").get_by_text(DISCLAIMER)).to_be_visible()

    ask_for_links(page)
    page.get_by_role("link", name="Read it in the article").first.click()
    passage = page.locator(":target")
    expect(passage).to_have_text(WORDS)
    expect(passage).to_be_in_viewport()
    assert background(page, ":target") != background(page, ".passage >> nth=0")

    page.go_back()
    assert first_extract(page) == WORDS
    expect(page.get_by_role("textbox")).to_have_value(QUESTION)


def test_first_extract_begins_on_a_phones_first_screen(server: Server, open_page: OpenPage) -> None:
    page = open_page(answer_address(server), viewport={"width": 390, "height": 664})
    expect(page.locator("mark").first).to_be_in_viewport()
    for words in SIGNS_IN_SHORT:
        expect(page.locator(".short", has_text=words)).to_be_in_viewport()


def test_printed_page_has_card_source_and_addresses_and_no_controls(
    server: Server, open_page: OpenPage
) -> None:
    page = open_page(answer_address(server))
    page.emulate_media(media="print")
    expect(page.get_by_role("textbox")).to_be_hidden()
    expect(page.get_by_text(f"You asked: {QUESTION}")).to_be_visible()
    expect(page.get_by_text("Asked on ")).to_be_visible()
    expect(page.get_by_text(EMERGENCY_SIGNS[-1])).to_be_visible()
    expect(page.locator(".card")).to_be_visible()
    expect(page.locator(".source").first).to_be_visible()
    after = page.get_by_role("link", name="Original page").first.evaluate(
        "link => getComputedStyle(link, '::after').content"
    )
    assert after == '" (https://newmamaa.com/baby-leg-twitching-while-sleeping)"'


def test_staff_copies_exactly_the_citation_by_one_click(server: Server, open_page: OpenPage) -> None:
    page = open_page(answer_address(server), permissions=("clipboard-read", "clipboard-write"))
    reply = json.loads(page.request.get(f"{server.address}/api/v1/answers?q={quote(QUESTION)}").text())
    page.get_by_role("button", name="Copy text").first.click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == reply["passages"][0]["citation"]
    assert copied.startswith(f"Under the heading “{SECTION}”:\n\n“{WORDS}”")

    page.get_by_role("button", name="Copy Markdown").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"> **{SECTION}**")

    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Copy text").first).to_be_focused()
    assert page.locator(".copy-bar").first.locator("button[tabindex='0']").count() == 1


def test_staff_sees_the_proof_by_one_click(server: Server, open_page: OpenPage) -> None:
    page = open_page(answer_address(server))
    ask_for_links(page)
    page.get_by_role("link", name="Exact extract").first.click()
    expect(page.get_by_text("Yes. We checked just now.")).to_be_in_viewport()
    assert first_extract(page) == WORDS
    page.get_by_role("link", name="The same proof as JSON").click()
    assert json.loads(page.locator("body").inner_text())["exact"] is True


def test_permanent_page_is_reached_from_the_extract(server: Server, open_page: OpenPage) -> None:
    page = open_page(answer_address(server))
    ask_for_links(page)
    page.get_by_role("link", name="Link to this extract").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SECTION)
    assert urlsplit(page.url).path.startswith("/p/")


def tab_to(page: Page, element: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("not reached")


def test_everything_can_be_done_by_keyboard(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main part")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What the articles say")

    tab_to(page, page.locator(".origin > summary").first)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Read it in the article").first
    tab_to(page, link)
    assert link.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(":target")).to_have_text(WORDS)


def test_everything_works_without_script(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.address, java_script_enabled=False)
    ask(page)
    assert first_extract(page) == WORDS
    ask_for_links(page)
    expect(page.locator("pre").first).to_be_visible()
    expect(page.locator("pre").first).to_contain_text(WORDS)
    page.get_by_role("link", name="Read it in the article").first.click()
    expect(page.locator(":target")).to_have_text(WORDS)


def test_length_of_a_long_question_is_counted_while_typing(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.address)
    page.get_by_role("textbox").fill("a" * 1001)
    expect(page.get_by_text("1001 of 1000 letters")).to_be_visible()
    page.get_by_role("textbox").fill("short")
    expect(page.get_by_text("letters")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["/", "/?q=" + quote(QUESTION), "/articles/baby-leg-spasm", "/about", "/api"]
)
def test_nothing_scrolls_sideways_at_320_pixels_or_with_text_twice_as_large(
    server: Server, open_page: OpenPage, path: str
) -> None:
    page = open_page(server.address + path, viewport={"width": 320, "height": 640}, bypass_csp=True)
    assert width_over(page) == 0
    page.set_viewport_size({"width": 640, "height": 800})
    page.add_style_tag(content="html { font-size: 225% }")
    assert width_over(page) == 0


def test_dark_scheme_is_followed(server: Server, open_page: OpenPage) -> None:
    light = open_page(server.address, color_scheme="light")
    dark = open_page(server.address, color_scheme="dark")
    assert (background(light, "body"), background(dark, "body")) == ("rgb(252, 251, 248)", "rgb(17, 22, 29)")


def test_first_paint_waits_for_no_script_on_a_slow_network(server: Server, open_page: OpenPage) -> None:
    page = open_page("about:blank", bypass_csp=True)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 200, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
    )
    page.route("**/*.js", lambda _route: None)  # the script never comes
    page.goto(answer_address(server), wait_until="commit")
    expect(page.get_by_text("Shuddering attacks (SA)").first).to_be_visible()
    page.wait_for_function("performance.getEntriesByType('paint').length > 0")


def test_page_is_light_and_asks_nobody_else(server: Server, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda request: sizes.update({request.url: len(request.response().body())}))
    page.goto(answer_address(server), wait_until="networkidle")
    assert {urlsplit(address).netloc for address in sizes} == {urlsplit(server.address).netloc}
    assert len(sizes) <= 5
    assert sum(sizes.values()) < 60_000
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_leaving_tells_nobody_where_from(server: Server, open_page: OpenPage) -> None:
    page = open_page(answer_address(server))
    told: list[str | None] = []

    def hear(route: Route) -> None:
        told.append(route.request.header_value("referer"))
        route.fulfill(body="elsewhere")

    page.route(re.compile("^https:"), hear)
    ask_for_links(page)
    page.get_by_role("link", name="Original page").first.click()
    expect(page.get_by_text("elsewhere")).to_be_visible()
    assert told == [None]
