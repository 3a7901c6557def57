#!/usr/bin/env python3
"""Change the core one small step at a time (mutmut) and tell which changes no test notices."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from console import ROOT, fail, run

MUTMUT = str(Path(sys.executable).with_name("mutmut"))
RESULT = re.compile(r"^\s*(app\.\S+)\.(\S+__mutmut_\d+): (.+)$", re.MULTILINE)
NOTICED = {"killed", "timeout", "segfault"}
SAMPLE = 40
"""Mutants of each module that are tried: always the same ones while its functions are the same."""


def read_results() -> dict[str, dict[str, str]]:
    """For each module its mutants with what became of them."""
    listed = subprocess.run(
        [MUTMUT, "results", "--all", "true"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = sorted(RESULT.findall(listed.stdout))
    return {
        module: {f"{module}.{name}": status for _, name, status in group}
        for module, group in groupby(found, key=lambda one: one[0])
    }


def main() -> None:
    """A sample of each module of the core, or all mutants, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=["*"], help='only these, such as "app.answering.citation*"'
    )
    parser.add_argument("--all", action="store_true", help=f"not only {SAMPLE} of each module")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="nightlight-mutants-") as index:
        environment = {**os.environ, "NIGHTLIGHT_TESTS_INDEX": index}
        work = [MUTMUT, "run", "--max-children", str(os.cpu_count() or 1)]
        print("Making the mutants and mapping the tests to them ...", flush=True)
        # Asked for a mutant that there is not, mutmut does that alone.
        made = subprocess.run(
            [*work, "none"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if "nothing matches" not in made.stderr:
            fail(f"mutmut could not make them:\n{made.stdout[-5000:]}{made.stderr[-5000:]}")
        chosen = set[str]()
        for mutants in read_results().values():
            named = [one for one in mutants if any(fnmatch(one, pattern) for pattern in options.names)]
            draw = Random(0)  # noqa: S311 - the same in every run
            chosen.update(named if options.all else draw.sample(named, min(SAMPLE, len(named))))
        if not chosen:
            fail("there is no such mutant.")
        subprocess.run([*work, *chosen], cwd=ROOT, env=environment, check=True)
    print("\n| module | noticed | tried | share |\n|---|---|---|---|")
    survivors = []
    for module, mutants in read_results().items():
        tried = mutants.keys() & chosen
        kept = sorted(one for one in tried if mutants[one] not in NOTICED)
        survivors += [f"{one}: {mutants[one]}" for one in kept]
        if tried:
            noticed = len(tried) - len(kept)
            print(f"| `{module}` | {noticed} | {len(tried)} | {noticed / len(tried):.0%} |")
    print("", *survivors, "`.venv/bin/mutmut show NAME` shows what a change was.", sep="\n")


if __name__ == "__main__":
    run(main)
