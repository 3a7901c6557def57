"""What the figures of scripts/benchmark.py mean, and where they are written."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import benchmark
from app.corpus.passages import cut_article
from app.evaluation.questions import read_questions
from app.settings import ROOT
from bench.figures import Spread, interleave, make_table
from bench.load import make_paths, pace, press
from bench.others import Find, Framework, Passage, open_others
from bench.picture import draw_bars
from bench.reindexing import change_sentence
from bench.report import describe_spreads
from bench.rightness import compare_rightness, measure_rightness, select_answerable
from synthesize import Synthesizer
from tests.articles import read_five

TEXTS = {article.slug: article.text for article in read_five()}
QUESTIONS = select_answerable(read_questions(ROOT / "tests" / "questions" / "dev.jsonl"))[:3]


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_spread_is_median_and_high_percentiles() -> None:
    assert Spread.of(list(range(101))) == Spread(p50=50, p95=95, p99=99)


def test_calls_take_turns_question_by_question() -> None:
    asked: list[str] = []
    interleave({"a": lambda q: asked.append(f"a{q}"), "b": lambda q: asked.append(f"b{q}")}, ["1", "2"])
    assert asked == ["a1", "b1", "a2", "b2"]


def test_calls_take_turns_after_several_questions() -> None:
    asked: list[str] = []
    calls = {"a": lambda q: asked.append(f"a{q}"), "b": lambda q: asked.append(f"b{q}")}
    interleave(calls, ["1", "2", "3"], at_a_time=2)
    assert asked == ["a1", "a2", "b1", "b2", "a3", "b3"]


def test_table_is_markdown() -> None:
    assert make_table(("ms", "p50"), [("encode", 1.2)]) == "| ms | p50 |\n| --- | ---: |\n| encode | 1.2 |"


@pytest.mark.processes
def test_a_stalled_server_is_charged_for_everyone_who_waited(address: str) -> None:
    paths = make_paths("/?q=", ["why?", "a b"])
    assert paths == ["/?q=why%3F", "/?q=a%20b"]
    rate, spread = press(address, paths, connections=2, seconds=0.2)
    assert rate > 0
    # A hundred requests fall due in a tenth of a second; one connection after the other must wait.
    assert pace(address, paths, rate=100 * rate, seconds=0.02, connections=1).p99 > spread.p50


def test_page_keeps_all_but_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before {benchmark.BEGIN}\nold\n{benchmark.END} after\n", encoding="utf-8")
    monkeypatch.setattr(benchmark, "PERFORMANCE", page)
    benchmark.write_page("new")
    assert page.read_text(encoding="utf-8") == (f"before {benchmark.BEGIN}\n\nnew\n\n{benchmark.END} after\n")


def test_page_has_the_place_for_what_is_measured() -> None:
    text = benchmark.PERFORMANCE.read_text(encoding="utf-8")
    assert text.count(benchmark.BEGIN) == text.count(benchmark.END) == 1


def open_nothing(model: Path, passages: Sequence[Passage]) -> Find:
    raise AssertionError("what is not installed is not opened")


def test_a_framework_that_is_not_installed_is_told_and_breaks_nothing() -> None:
    systems = open_others(Path(), [], [Framework("Absent", ("nobody-has-this",), open_nothing)])
    assert systems == {"Absent": None}
    assert "| Absent | not installed | – | – |" in describe_spreads("ms", {}, list(systems))
    assert "| Absent | not installed | – | – |" in compare_rightness(systems, {"dev": QUESTIONS}, TEXTS)


def test_everybody_is_judged_by_the_gold_quotes() -> None:
    best = {q.question: max(q.relevant, key=lambda gold: gold.grade) for q in QUESTIONS}
    second = measure_rightness(
        lambda question: [("nowhere", "words"), (best[question].article, best[question].quote)],
        QUESTIONS,
        TEXTS,
    )
    assert second == {"success@1": 0, "success@3": 1, "MRR@5": 0.5}


def test_one_sentence_is_changed_and_one_passage_with_it() -> None:
    article = next(Synthesizer(read_five()).make())
    changed = change_sentence(article)
    before, after = ([a.text[p.start : p.end] for p in cut_article(a)] for a in (article, changed))
    differing = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(differing) == 1
    assert differing[0][1].replace("Moreover ", "") == differing[0][0]


def test_picture_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        draw_bars({"ms": {"a": 1.0, "b": 2.0}, "s": {"a": 3.0}}, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
