#!/usr/bin/env python3
"""A software bill of materials: everything installed here, with versions and licences, as CycloneDX JSON."""

from __future__ import annotations

import argparse
import json
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from console import run

from app import __version__


def describe_component(found: Distribution) -> dict[str, Any]:
    """One installed package."""
    name, version = found.name, found.version
    about = found.metadata.json
    licence = str(about.get("license_expression") or about.get("license") or "")
    component: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
    }
    if licence:
        component["licenses"] = [{"license": {"name": licence.splitlines()[0]}}]
    return component


def make_bill() -> dict[str, Any]:
    """CycloneDX 1.6, sorted, without a time: the same environment gives the same bytes."""
    found = {each.name.lower(): each for each in distributions() if each.name.lower() != "nightlight"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "nightlight", "version": __version__}},
        "components": [describe_component(found[name]) for name in sorted(found)],
    }


def main() -> None:
    """To a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, help="where to write it; standard output without")
    target, bill = parser.parse_args().to, json.dumps(make_bill(), indent=1, ensure_ascii=False)
    if target:
        target.write_text(f"{bill}\n", encoding="utf-8")
    else:
        print(bill)


if __name__ == "__main__":
    run(main)
