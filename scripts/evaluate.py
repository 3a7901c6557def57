#!/usr/bin/env python3
"""Put questions with known answers to the published index and measure the answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from console import run

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.evaluation.comparison import VARIANTS, Row, compare_variants
from app.evaluation.measures import TOP, Judgement, confidence_intervals, summarise
from app.evaluation.pictures import draw
from app.evaluation.questions import GOOD, Kind, read_questions
from app.evaluation.trial import ask_all, write_run
from app.settings import Settings


def render_table(
    figures: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], counts: Mapping[str, int]
) -> str:
    """Every figure with its 95% interval."""
    lines = [", ".join(f"{count} {kind}" for kind, count in counts.items())]
    for name, value in figures.items():
        low, high = intervals.get(name, (None, None))
        spread = f"   {low:.3f} to {high:.3f}" if low is not None else ""
        lines.append(f"{name:24} {value:.3f}{spread}")
    return "\n".join(lines)


def render_misses(judged: Sequence[Judgement]) -> str:
    """Each question that went wrong, and how; for maintainers' eyes, these are no reader's questions."""
    return "\n".join(
        f"{one.question.id:8} {fault}: {one.question.question}"
        for one in judged
        if (fault := find_fault(one))
    )


def find_fault(one: Judgement) -> str | None:
    """What is wrong with a reply, if anything."""
    kind, language = one.question.kind, one.reply.language
    level = {"urgent": "now", "today": "today"}.get(kind, "none")
    if one.reply.urgency != level and (kind, one.reply.urgency) != ("today", "now"):
        return f"urgency {one.reply.urgency}, not {level}"
    if (language or "en") != one.question.language:
        return f"language {language}, not {one.question.language}"
    if one.question.kind == "unanswerable" and not one.refused:
        return "not refused"
    if one.question.kind != "answerable":
        return None
    if one.refused:
        return "wrongly refused"
    if one.answerable and one.grades[0] < GOOD:
        rank = one.first_good_rank()
        return f"answer at {rank}" if rank and rank <= TOP else "answer not in the first three"
    return None


def render_comparison(rows: Sequence[Row]) -> str:
    """Every variant of the ranking with mean and spread over the folds."""
    names = list(rows[0].means)
    width = max(len(row.name) for row in rows)
    lines = [" " * width + "".join(f"{name:>20}" for name in names)]
    for row in rows:
        cells = "".join(f"{row.means[n]:>12.3f} ± {row.spreads[n]:.3f}" for n in names)
        lines.append(f"{row.name:{width}}{cells}")
    return "\n".join(lines)


def count_kinds(judged: Sequence[Judgement]) -> dict[str, int]:
    """How many questions of each kind."""
    kinds = [one.question.kind for one in judged]
    return {kind: kinds.count(kind) for kind in get_args(Kind)}


def parse_options(settings: Settings) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = settings.questions_dir / "dev.jsonl"
    parser.add_argument("questions", nargs="?", type=Path, default=default, help="a question file")
    parser.add_argument("--run", type=Path, metavar="FILE", help="write what each question got")
    parser.add_argument("--misses", action="store_true", help="print each question that went wrong")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw confidence to a .png or .svg file")
    parser.add_argument(
        "--compare", action="store_true", help=f"measure {len(VARIANTS)} variants of the ranking"
    )
    return parser.parse_args()


def report(answerer: IndexAnswerer, options: argparse.Namespace) -> None:
    """Ask, measure and print."""
    judged = ask_all(answerer, read_questions(options.questions))
    figures, intervals = summarise(judged), confidence_intervals(judged)
    if options.run:
        write_run(options.run, judged)
    if options.picture:
        draw(judged, options.picture)
    if options.json:
        print(
            json.dumps(
                {"figures": figures, "intervals": intervals, "questions": count_kinds(judged)}, indent=1
            )
        )
        return
    print(render_table(figures, intervals, count_kinds(judged)))
    if options.misses:
        print(render_misses(judged))


def main() -> None:
    """One answerer for everything that was asked for."""
    settings = Settings()
    options = parse_options(settings)
    answerer = open_answerer(settings)
    if options.compare:
        print(render_comparison(compare_variants(answerer, read_questions(options.questions))))
    else:
        report(answerer, options)


if __name__ == "__main__":
    run(main)
