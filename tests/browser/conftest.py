"""One browser, one real server with the real index, and one with every state of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from app.records import WithdrawnPassage
from app.settings import Settings
from app.web import create_app
from running import Server, start_server
from tests.web.answerer import make_answerer

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OpenPage = Callable[..., Page]


class Silent(WSGIRequestHandler):
    """Werkzeug's handler without its log."""

    def log(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless, that looks nothing up by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """scripts/serve.py with the real index."""
    log = tmp_path_factory.mktemp("browser") / "log"
    with start_server(settings.index_dir, log, NIGHTLIGHT_WORKERS="1") as running:
        yield running


@pytest.fixture(scope="session")
def states() -> Iterator[str]:
    """The address of a server whose small articles can show every state of the page."""
    answerer = make_answerer()
    answerer.gone["abcd1234abcd1234"] = WithdrawnPassage(
        id="abcd1234abcd1234",
        text="Sleep jerks are old news.",
        section=("Jerks in Sleep",),
        article="jerks",
        title="Why Babies Jerk",
        publisher="Example & Sons",
        url="https://example.org/jerks",
        withdrawn=date(2026, 11, 20),
    )
    with serve(create_app(Settings(_env_file=None), answerer)) as address:
        yield address


@pytest.fixture(scope="session")
def private_states() -> Iterator[str]:
    """The same where questions are posted."""
    with serve(create_app(Settings(_env_file=None, question_method="post"), make_answerer())) as address:
        yield address


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    """The address at which an application answers in this process."""
    running = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.port}"
    running.shutdown()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an address in a fresh context (``viewport=...``, ``color_scheme=...`` and the like)."""
    with ExitStack() as contexts:

        def open_(address: str, *, permissions: tuple[str, ...] = (), **options: Any) -> Page:
            context: BrowserContext = browser.new_context(**options)
            contexts.callback(context.close)
            context.set_default_timeout(5000)
            context.grant_permissions(list(permissions))
            page = context.new_page()
            page.goto(address)
            return page

        yield open_
