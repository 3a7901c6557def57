#!/usr/bin/env python3
"""Photograph every state of a running server's pages: phones and desktop, light, dark and forced colours."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from console import ROOT, run

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
DEVICES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "small": {"width": 320, "height": 640},
    "desktop": {"width": 1100, "height": 800},
}
SCHEMES: tuple[Literal["light", "dark", "forced"], ...] = ("light", "dark", "forced")


def ask(question: str) -> str:
    """The address of a question's answer."""
    return "/?" + urlencode({"q": question})


STATES = {
    "search": "/",
    "answered": ask("is shuddering dangerous?"),
    "sources": ask("when should I worry about my baby's leg twitches?"),
    "long": ask(
        "my baby is 5 months old and every night about ten minutes after i put him down his left leg gives a "
        "little kick, then the right one, and this goes on for a quarter of an hour. do all babies do that?"
    ),
    "weak": ask("how much sleep should i aim for so that he twitches less"),
    "table": ask("which foods have calcium for a baby's muscles"),
    "now": ask("my baby is having a seizure right now and her lips are blue"),
    "today": ask("my baby nods his head in little clusters every morning when he wakes up"),
    "now-spanish": ask("mi bebé no respira"),
    "arabic": ask("طفلي يرتعش في نومه"),
    "closest": ask("which car seat is best for a newborn?"),
    "none": ask("zxcvb qwert"),
    "suggestion": ask("is shudering dangerous?"),
    "refused": "/?q=%20",
    "not-found": "/nothing-here",
    "many": "/many",
    "topics": "/topics",
    "articles": "/articles",
    "article": "/articles/baby-restless-legs",
    "about": "/about",
    "accessibility": "/accessibility",
    "programs": "/api",
}


def open_states(browser: Browser, server: str, only: str) -> Iterator[tuple[str, Page]]:
    """Open each state on each device in each scheme, as ``(name, page)``."""
    for device, viewport in DEVICES.items():
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport=viewport,
                color_scheme="dark" if scheme == "dark" else "light",
                forced_colors="active" if scheme == "forced" else "none",
            )
            for state, path in STATES.items():
                name = f"{state}-{device}-{scheme}"
                if name.startswith(only):
                    page.goto(server + path)
                    yield name, page
            page.close()


def main() -> None:
    """Photograph what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="address of a running server, such as http://127.0.0.1:8000")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "pictures", help="folder for the pictures"
    )
    parser.add_argument("--whole", action="store_true", help="whole pages instead of the first screen")
    parser.add_argument("--only", metavar="NAME", default="", help="only pictures whose name begins so")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name, page in open_states(browser, options.server.rstrip("/"), options.only):
            page.screenshot(path=options.out / f"{name}.png", full_page=options.whole)
            print(options.out / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    run(main)
