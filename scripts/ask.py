#!/usr/bin/env python3
"""Ask a question in the terminal."""

from __future__ import annotations

import argparse

from console import run

from app.answering.opening import open_answerer
from app.notices import CLOSEST, DISCLAIMER, EXTRACTS, NOT_ANSWERED, URGENT_NOTICE, emergency_text
from app.records import Answer, Match
from app.settings import Settings


def render_match(match: Match) -> str:
    """A passage, word for word, with its source."""
    article = match.article
    by = ", ".join(filter(None, (article.author, article.publisher)))
    place = " > ".join(match.passage.section) or article.title
    return f"{match.passage.text}\n\n    {place}\n    {article.title}, {by}\n    {article.url}"


def render_answer(answer: Answer, number: str | None) -> str:
    """An answer with the fixed notices around it."""
    parts = [URGENT_NOTICE] if answer.urgent else []
    parts.append(emergency_text(number))
    heading = {"answered": EXTRACTS, "closest": CLOSEST, "none": NOT_ANSWERED}[answer.outcome]
    parts += [heading, *map(render_match, answer.matches or answer.closest), DISCLAIMER]
    return "\n\n----\n\n".join(parts)


def main() -> None:
    """Print the passages that answer."""
    settings = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", help="what a parent would type")
    parser.add_argument("-k", type=int, default=settings.passages, help="how many passages at most")
    options = parser.parse_args()
    answer = open_answerer(settings).answer(options.question, options.k)
    print(render_answer(answer, settings.emergency_number))


if __name__ == "__main__":
    run(main)
