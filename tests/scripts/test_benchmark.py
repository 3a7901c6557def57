"""What the figures of scripts/benchmark.py mean, and where they are written."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmark
from bench.figures import Spread, interleave, make_table
from bench.load import make_paths, pace, press


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


def test_spread_is_median_high_percentiles_and_quartiles() -> None:
    assert Spread.of(list(range(101))) == Spread(p50=50, p95=95, p99=99, iqr=50)


def test_calls_take_turns_question_by_question() -> None:
    asked: list[str] = []
    interleave({"a": lambda q: asked.append(f"a{q}"), "b": lambda q: asked.append(f"b{q}")}, ["1", "2"])
    assert asked == ["a1", "b1", "a2", "b2"]


def test_table_is_markdown() -> None:
    assert make_table(("ms", "p50"), [("encode", 1.2)]) == "| ms | p50 |\n| --- | ---: |\n| encode | 1.2 |"


def test_a_stalled_server_is_charged_for_everyone_who_waited(address: str) -> None:
    paths = make_paths("/?q=", ["why?", "a b"])
    assert paths == ["/?q=why%3F", "/?q=a%20b"]
    rate, spread = press(address, paths, connections=2, seconds=0.2)
    assert rate > 0
    # A hundred requests fall due in a tenth of a second; one connection after the other must wait.
    assert pace(address, paths, rate=100 * rate, seconds=0.02, connections=1).p99 > spread.p50


def test_readme_keeps_all_but_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before {benchmark.BEGIN}\nold\n{benchmark.END} after\n", encoding="utf-8")
    monkeypatch.setattr(benchmark, "README", readme)
    benchmark.write_readme("new")
    assert readme.read_text(encoding="utf-8") == (
        f"before {benchmark.BEGIN}\n\nnew\n\n{benchmark.END} after\n"
    )


def test_readme_has_the_place_for_what_is_measured() -> None:
    text = benchmark.README.read_text(encoding="utf-8")
    assert text.count(benchmark.BEGIN) == text.count(benchmark.END) == 1
