#!/usr/bin/env python3
"""Put questions with known answers to the published index and measure the answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from console import run

import numpy as np

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.errors import NightlightError
from app.evaluation.comparison import VARIANTS, compare_variants
from app.evaluation.measures import (
    TOP,
    Judgement,
    ask_all,
    confidence_intervals,
    confidence_pairs,
    reliability,
    summarise,
)
from app.evaluation.questions import GOOD, Kind, read_questions
from app.settings import Settings
from bench.picture import load_pyplot

SUFFIXES = (".png", ".svg")


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


def render_comparison(rows: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """Every variant of the ranking with mean and spread over the folds."""
    width = max(map(len, rows))
    lines = [" " * width + "".join(f"{measure:>20}" for measure in next(iter(rows.values())))]
    for name, figures in rows.items():
        cells = "".join(f"{mean:>12.3f} ± {spread:.3f}" for mean, spread in figures.values())
        lines.append(f"{name:{width}}{cells}")
    return "\n".join(lines)


def write_run(path: Path, judged: Sequence[Judgement]) -> None:
    """A run file: a line a question, in the form that the API gives passages in."""
    with path.open("w", encoding="utf-8") as file:
        for reply in (one.reply for one in judged):
            line = {
                "id": reply.id,
                "passages": [{"article": slug, "text": text} for slug, text in reply.passages],
                "urgency": reply.urgency,
                "urgent": reply.urgency == "now",
                "language": reply.language,
                "confidence": round(reply.confidence, 4),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def draw(path: Path, judged: Sequence[Judgement]) -> None:
    """Is confidence true, and what does each threshold cost? Raises NightlightError."""
    if path.suffix not in SUFFIXES:
        raise NightlightError(f"{path}: a picture is a file that ends in {' or '.join(SUFFIXES)}.")
    confidences, answerable = confidence_pairs(judged)
    if answerable.all() or not answerable.any():
        raise NightlightError("A picture needs both answerable and unanswerable questions.")
    pyplot = load_pyplot()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    said, true, counts = zip(*reliability(confidences, answerable), strict=True)
    left.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="exactly right")
    left.scatter(
        said, true, s=[20 + 4 * count for count in counts], color="#1f4e79", label="a tenth of the scale"
    )
    left.set(xlabel="confidence", ylabel="share that is answerable", title="Reliability")
    thresholds = np.linspace(0, 1, 101)
    rightly = [(confidences[~answerable] < t).mean() for t in thresholds]
    wrongly = [(confidences[answerable] < t).mean() for t in thresholds]
    right.plot(thresholds, rightly, color="#1f4e79", label="unanswerable, refused")
    right.plot(thresholds, wrongly, color="#b3261e", label="answerable, wrongly refused")
    right.set(xlabel="threshold", ylabel="share refused", title="Refusal")
    left.legend()
    right.legend()
    figure.savefig(path, dpi=110)


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
    kinds = [one.question.kind for one in judged]
    counts = {kind: kinds.count(kind) for kind in get_args(Kind)}
    if options.run:
        write_run(options.run, judged)
    if options.picture:
        draw(options.picture, judged)
    if options.json:
        print(json.dumps({"figures": figures, "intervals": intervals, "questions": counts}, indent=1))
        return
    print(render_table(figures, intervals, counts))
    if options.misses:
        # For maintainers' eyes: these are no reader's questions.
        faults = ((one.question, find_fault(one)) for one in judged)
        print("\n".join(f"{asked.id:8} {fault}: {asked.question}" for asked, fault in faults if fault))


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
