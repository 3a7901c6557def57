"""Links to the source mark the passage and nothing else, in Chromium, on a page with the article's words."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from html import escape
from itertools import groupby

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.corpus.catalog import read_corpus
from app.corpus.passages import cut_article
from app.corpus.structure import BULLET, NUMBER, Block, Kind, find_blocks
from app.records import Article, Passage
from app.settings import ROOT
from tests.browser.conftest import OpenPage
from tests.web.answerer import make_article

pytestmark = pytest.mark.browser

URL = "https://example.org/page"
STYLE = """
body { font: 10px/12px sans-serif; color: #000; background: #fff; margin: 8px; width: 1000px }
td { white-space: nowrap; padding: 2px 8px }
::target-text { background: #f0f; color: #f0f }
"""
FIND = """([start, end]) => {
  const cells = [...document.querySelectorAll("[data-at]")];
  const at = cell => Number(cell.dataset.at);
  const length = cell => cell.firstChild.data.length;
  const inside = cells.filter(cell => at(cell) < end && at(cell) + length(cell) > start);
  return inside.flatMap(cell => {
    const range = document.createRange();
    range.setStart(cell.firstChild, Math.max(0, start - at(cell)));
    range.setEnd(cell.firstChild, Math.min(length(cell), end - at(cell)));
    return [...range.getClientRects()].filter(box => box.width > 1).map(
      box => [box.left, box.top + scrollY, box.right, box.bottom + scrollY]);
  });
}"""
"""Where the characters from start to end stand, as boxes; no sign of these takes two of JavaScript's."""


def build_page(article: Article, *, cells: bool) -> str:
    """A page as a publisher could have it; ``cells`` tells whether tables without bars have cells there."""
    text, blocks = article.text, find_blocks(article)
    parts = [f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"]
    if all(block.kind is not Kind.TITLE for block in blocks):
        parts.append(f"<h1>{escape(article.title)}</h1>")
    for kind, group in groupby(blocks, key=lambda block: block.kind.value.partition(" ")[0]):
        tag = {"title": "h1", "heading": "h2", "item": "li", "table": "tr"}.get(kind, "p")
        inside = "".join(
            f"<tr>{''.join(write(text, 'td', *cell) for cell in cut_row(text, block, cells=cells))}</tr>"
            if tag == "tr"
            else write(text, tag, skip_sign(text, block), block.end)
            for block in group
            if block.kind is not Kind.RULE
        )
        parts.append({"li": f"<ul>{inside}</ul>", "tr": f"<table>{inside}</table>"}.get(tag, inside))
    return "\n".join(parts)


def write(text: str, tag: str, start: int, end: int) -> str:
    return f'<{tag} data-at="{start}">{escape(text[start:end])}</{tag}>'


def skip_sign(text: str, block: Block) -> int:
    sign = BULLET.match(text, block.start, block.end) or NUMBER.match(text, block.start, block.end)
    return sign.end() if sign else block.start


def cut_row(text: str, row: Block, *, cells: bool) -> Iterator[tuple[int, int]]:
    start, words = row.start, text[row.start : row.end]
    if "|" in words:
        for cell in words.split("|"):
            if cell.strip():
                yield start, start + len(cell)
            start += len(cell) + 1
        return
    for place in range(row.start + 1, row.end):
        if cells and text[place - 1] == " " and text[place].isupper():
            yield start, place
            start = place
    yield start, row.end


def find_faults(page: Page, article: Article, passages: list[Passage], *, cells: bool) -> list[str]:
    """The passages that are not marked from first to last word, and whether more than them is marked."""
    named = [passage for passage in passages if passage.fragment]
    directives = "&".join(f"text={passage.fragment}" for passage in named)
    page.unroute("**/*")
    page.route(
        "**/*", lambda route: route.fulfill(body=build_page(article, cells=cells), content_type="text/html")
    )
    page.goto("about:blank")
    page.goto(f"{URL}#:~:{directives}")
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")).astype(int)
    marked = (shot[..., 0] > 200) & (shot[..., 1] < 80) & (shot[..., 2] > 200)
    faults, covered = [], np.zeros_like(marked)
    for passage in named:
        boxes = [[round(edge) for edge in box] for box in page.evaluate(FIND, [passage.start, passage.end])]
        for left, top, right, bottom in boxes:
            covered[max(0, top - 3) : bottom + 3, max(0, left - 9) : right + 9] = True
        if not all(
            marked[(b[1] + b[3]) // 2, b[0] + 1 : b[2] - 1].mean() > 0.9 for b in (boxes[0], boxes[-1])
        ):
            faults.append(f"not marked: {passage.fragment}")
    if (marked & ~covered).any():
        faults.append(f"too much is marked by {[passage.fragment for passage in named]}")
    return faults


def read_worlds(count: int) -> list[Article]:
    """Articles with lists and tables, made harder: sections told twice, sentences that repeat headings."""
    lines = (ROOT / "tests/questions/worlds/articles.jsonl").read_text(encoding="utf-8").splitlines()
    stored = [json.loads(line) for line in lines]
    rich = sorted(
        stored, key=lambda one: -sum(p["text"].count("|") + p["text"].count("\n") for p in one["passages"])
    )
    articles = []
    for number, one in enumerate([*rich[:14], *stored[:6]][:count]):
        passages = one["passages"]
        parts = [f"{p['heading']}\n\n{p['text']}" for p in passages]
        parts.append(f"Once more\n\n{passages[number % len(passages)]['text']}")
        parts.append(f"In short\n\n{passages[1]['heading'].upper()} is told above. {passages[0]['text']}")
        parts.append(
            "Doses\n\nAge | Dose | How often\n0 to 3 months | 2 ml | never\n3 to 6 months | 2 ml | never"
        )
        articles.append(make_article(f"a{number}", one["title"], "\n\n".join([one["title"], *parts]) + "\n"))
    return articles


@pytest.mark.parametrize("cells", [True, False])
@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.thorough)])
def test_every_link_marks_its_passage_and_nothing_else(open_page: OpenPage, cells: bool, count: int) -> None:
    page = open_page("about:blank")
    faults: list[str] = []
    counts = {"named": 0, "none": 0}
    for article in [*read_corpus(ROOT / "corpus"), *read_worlds(count)]:
        passages = cut_article(article)
        for chosen in (passages[::2], passages[1::2]):
            faults += [
                f"{article.slug}: {fault}" for fault in find_faults(page, article, list(chosen), cells=cells)
            ]
        counts["named"] += sum(passage.fragment is not None for passage in passages)
        counts["none"] += sum(passage.fragment is None for passage in passages)
    assert faults == []
    assert counts["none"] < counts["named"] / 50
