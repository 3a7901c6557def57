#!/usr/bin/env python3
"""List the generations that are kept: date, counts, measures, and who accepted what."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console import run

from app.errors import GenerationError, NoGeneration
from app.index.generation import Manifest
from app.index.publish import list_names, open_generation, read_pointer
from app.settings import Settings


def describe(index: Path, name: str) -> str:
    """One generation in a few lines; one that is damaged says so."""
    try:
        with open_generation(index, name) as generation:
            return f"{name}  {describe_manifest(generation.manifest)}"
    except GenerationError as error:
        return f"{name}  {error}"


def describe_manifest(manifest: Manifest) -> str:
    """Date, counts, model, measures and remarks."""
    built = datetime.strptime(manifest.created, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    counts = ", ".join(f"{count:,} {what}" for what, count in manifest.counts.items())
    lines = [f"{built:%d %B %Y, %H:%M} UTC; {counts}; {manifest.model.name} {manifest.model.precision}"]
    figures = {name: value for name, value in manifest.figures.items() if isinstance(value, int | float)}
    asked: Any = manifest.figures.get("asked", {})
    sets, counts = asked.get("sets", {}), asked.get("counts", {})
    if sets:
        lines.append(
            f"answers to {', '.join(f'{count} questions of {name}' for name, count in sets.items())}:"
        )
    if figures:
        lines.append(
            ", ".join(
                f"{name} {value:.3g}" + (f" (of {counts[name]})" if name in counts else "")
                for name, value in figures.items()
            )
        )
    if "accepted" in manifest.extra:
        lines.append(f"accepted: {manifest.extra['accepted']}")
    return "\n      ".join(lines)


def main() -> None:
    """Newest first; an arrow shows the one that is served."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    index = Settings().index_dir
    names = list_names(index)
    if not names:
        raise NoGeneration(f"{index}: nothing is published yet; run `make index`.")
    current = read_pointer(index).name
    for name in names:
        print(f"{'->' if name == current else '  '}  {describe(index, name)}")


if __name__ == "__main__":
    run(main)
