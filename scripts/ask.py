#!/usr/bin/env python3
"""Ask one question, or a file of them, in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from console import run

from app.answering.answer import answer_each
from app.answering.opening import open_answerer
from app.answering.question import check_count, check_question
from app.answering.reports import FORMS, render_answers
from app.errors import QuestionError
from app.index.generation import open_regular
from app.settings import SERVED, Settings

ADDRESS_BYTES = 200
"""More than any address of a server has."""


def read_questions(path: Path) -> list[str]:
    """The questions of a file, one a line; ``-`` is what is typed or piped in."""
    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    questions = [line for line in text.splitlines() if line.strip()]
    if not questions:
        raise QuestionError("question_empty", f"{path} holds no question; write one a line.")
    return questions


def find_server(settings: Settings) -> str | None:
    """The address of the server that was started last with this index, while it runs."""
    try:
        with open_regular(settings.index_dir / SERVED) as file:
            address = file.read(ADDRESS_BYTES).decode()
        with build_opener(ProxyHandler({})).open(f"{address}healthz", timeout=1) as reply:
            return address if json.load(reply) == {"status": "alive"} else None
    except (OSError, ValueError):
        return None


def parse(settings: Settings) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("question", nargs="?", help="what a parent would type")
    asked.add_argument("--file", type=Path, help="file of questions, one a line; - for standard input")
    parser.add_argument("-k", type=int, default=settings.passages, help="how many passages at most")
    parser.add_argument("--article", metavar="SLUG", help="answer from this article alone")
    parser.add_argument("--format", choices=FORMS, default="text", help="default: text")
    return parser.parse_args()


def main() -> None:
    """Print the passages that answer."""
    settings = Settings()
    options = parse(settings)
    check_count(options.k)
    questions = read_questions(options.file) if options.file else [check_question(options.question)]
    answerer = open_answerer(settings)
    ask = partial(answerer.answer, k=options.k, article=options.article)
    answers = list(answer_each(ask, questions))
    base = settings.public_url or find_server(settings) or f"http://{settings.host}:{settings.port}"
    print(render_answers(answers, options.format, settings.emergency_number, base.rstrip("/")))


if __name__ == "__main__":
    run(main)
