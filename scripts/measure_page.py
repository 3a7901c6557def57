#!/usr/bin/env python3
"""Measure what a reader sees of answers: where they begin, how long and how heavy the page is.

Several running servers are measured side by side on the same questions, each under a name of its own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from console import ROOT, run

import html5lib
from playwright.sync_api import Browser, Request, ViewportSize, sync_playwright

from app.answering.reassurance import reassures

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
QUESTIONS = ROOT / "tests" / "questions" / "page.txt"
SCREENS: tuple[ViewportSize, ...] = ({"width": 390, "height": 844}, {"width": 320, "height": 640})
LOOK = """() => {
    const seen = element => element.checkVisibility();
    const first = (name, root) => [...root.querySelectorAll(name)].find(seen);
    const extract = first(".extract", document);
    const top = extract ? extract.getBoundingClientRect().top : Infinity;
    const mark = extract && first("mark", extract);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let words = 0;
    while (texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        const box = range.getBoundingClientRect();
        const shown = seen(texts.currentNode.parentElement) && box.width > 1 && box.bottom > 0;
        if (shown && box.top < top) words += texts.currentNode.data.split(/\\s+/).filter(Boolean).length;
    }
    return {
        answered: Boolean(extract),
        extract: top,
        mark: mark ? mark.getClientRects()[0].top : null,
        read: mark ? mark.getClientRects()[0].bottom : null,
        form: document.getElementById("q").getBoundingClientRect().top,
        length: document.documentElement.scrollHeight,
        words,
    };
}"""


def measure(browser: Browser, server: str, screen: ViewportSize, questions: Sequence[str]) -> list[Any]:
    """What the page of each question looks like; a page is opened as if it were the first ever."""
    seen, requests = [], list[Request]()
    for question in questions:
        requests.clear()
        page = browser.new_page(viewport=screen)
        page.set_default_timeout(60_000)
        page.on("requestfinished", lambda request: requests.append(request))
        page.goto(f"{server}/?{urlencode({'q': question})}", wait_until="networkidle")
        sizes = [request.sizes()["responseBodySize"] for request in requests]
        seen.append({**page.evaluate(LOOK), "requests": len(sizes), "bytes": sum(sizes)})
        page.close()
    return seen


def summarise(seen: Sequence[Any], screen: ViewportSize) -> Iterator[tuple[str, str]]:
    """Name and figures of each measure."""
    answered = [one for one in seen if one["answered"]]
    marks = [one["mark"] for one in answered if one["mark"] is not None]
    read = [one for one in answered if one["read"] is not None and one["read"] <= screen["height"]]
    yield "answered with an open extract", f"{len(answered)} of {len(seen)}"
    yield "first extract begins at, px", spread([one["extract"] for one in answered])
    yield "marked sentence begins at, px", spread(marks)
    yield (
        "marked sentence on the first screen",
        f"{len(read)} of {len(answered)} ({len(read) / len(answered):.0%})",
    )
    yield "words above the first extract", spread([one["words"] for one in answered])
    yield "the field begins at, px", spread([one["form"] for one in seen])
    yield "page length, px", spread([one["length"] for one in seen])
    yield "requests", spread([one["requests"] for one in seen])
    yield (
        "kB",
        f"{mean(one['bytes'] for one in seen) / 1000:.1f}; {max(one['bytes'] for one in seen) / 1000:.1f}",
    )


def find_first_open(page: str) -> str | None:
    """The words of the first extract that no fold hides."""
    root = html5lib.parse(page, namespaceHTMLElements=False)
    folded = {element for fold in root.iter("details") for element in fold.iter()}
    return next(
        (
            "".join(element.itertext())
            for element in root.iter()
            if "data-passage" in element.attrib and element not in folded
        ),
        None,
    )


def count_calm_alarms(server: str, questions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """How often an urgent question's first open extract reassures, of those asked and of those noticed."""
    noticed, calm, calm_noticed = 0, 0, 0
    for question in questions:
        query = urlencode({"q": question["question"]})
        with urlopen(f"{server}/api/v1/answers?{query}") as reply:  # noqa: S310 - the address given
            level = json.load(reply)["urgency"]
        with urlopen(f"{server}/?{query}") as reply:  # noqa: S310
            first = find_first_open(reply.read().decode())
        reassuring = first is not None and reassures(first)
        noticed += level != "none"
        calm += reassuring
        calm_noticed += reassuring and level != "none"
    return {
        "first open extract reassures, of all": f"{calm} of {len(questions)}",
        "first open extract reassures, where an alarm is shown": f"{calm_noticed} of {noticed}",
    }


def spread(values: Sequence[float]) -> str:
    """Median, 90th percentile and highest."""
    return f"{median(values):.0f}; {quantiles(values, n=10)[-1]:.0f}; {max(values):.0f}"


def main() -> None:
    """Print a Markdown table for each screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "servers", nargs="+", metavar="NAME=ADDRESS", help="such as now=http://127.0.0.1:8000"
    )
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a file with a question a line")
    parser.add_argument("--alarms", type=Path, help="urgent questions, JSON lines with question and level")
    options = parser.parse_args()
    questions = options.questions.read_text(encoding="utf-8").splitlines()
    servers = dict(server.split("=", 1) for server in options.servers)
    if options.alarms:
        lines = map(json.loads, options.alarms.read_text(encoding="utf-8").splitlines())
        alarms = [line for line in lines if line["level"] != "none"]
        for name, address in servers.items():
            print(name, count_calm_alarms(address, alarms))
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for screen in SCREENS:
            columns = [
                dict(summarise(measure(browser, address, screen, questions), screen))
                for address in servers.values()
            ]
            print(f"\n| {screen['width']} x {screen['height']} | {' | '.join(servers)} |")
            print("|---" * (len(servers) + 1) + "|")
            for name in columns[0]:
                print(f"| {name} | {' | '.join(column[name] for column in columns)} |")
        browser.close()


if __name__ == "__main__":
    run(main)
