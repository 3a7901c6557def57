#!/usr/bin/env python3
"""Change the core one small step at a time (mutmut) and tell which changes no test notices."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from console import ROOT, fail, run

MUTMUT = str(Path(sys.executable).with_name("mutmut"))
RESULT = re.compile(r"^\s*(app\.\S+)\.(\S+__mutmut_\d+): (.+)$", re.MULTILINE)
SPINNING = re.compile("(?:Generating mutants|Running stats)$")
NOTICED = {"killed", "timeout", "segfault"}
SAMPLE = 30
"""Mutants of each module that are tried: always the same ones while its functions are the same."""
STATS = ROOT / "mutants" / "mutmut-stats.json"


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


def choose_tests() -> None:
    """Have each mutant tried by all tests of its module's own, and by no others (of urgency_vote.py,
    test_urgency.py and test_urgency_vote.py). By mutmut's own map it would be all that pass a function, or,
    where what it gives is kept, the one that came first.
    """
    stats = json.loads(STATS.read_bytes())
    for module, mutants in read_results().items():
        name = module.rpartition(".")[2]
        own = [
            test
            for test in stats["duration_by_test"]
            if name.startswith(Path(test[: test.index(":")]).stem[5:])
        ]
        for mutant in mutants:
            stats["tests_by_mangled_function_name"][mutant.rpartition("__mutmut_")[0]] = own
    STATS.write_text(json.dumps(stats), encoding="utf-8")


def describe(mutant: str) -> str:
    """Where a change stands, and what it was."""
    shown = subprocess.run([MUTMUT, "show", mutant], cwd=ROOT, capture_output=True, text=True, check=True)
    path, lines = mutant.rpartition(".")[0].replace(".", "/") + ".py", shown.stdout.splitlines()
    names = re.split("ǁ|^x_", mutant.rpartition(".")[2].rpartition("__mutmut_")[0])[1:]
    scope: Any = ast.parse((ROOT / path).read_bytes())
    for name in names:
        scope = next(one for one in ast.iter_child_nodes(scope) if getattr(one, "name", None) == name)
    hunk = next(number for number, line in enumerate(lines) if line.startswith("@@"))
    first = next(number for number, line in enumerate(lines[hunk:]) if line[0] in "-+")
    begin = min([scope.lineno, *(one.lineno for one in scope.decorator_list)])
    line = begin + int(re.findall(r"\d+", lines[hunk])[0]) - 2 + first
    return "\n".join([f"{path}:{line} {mutant}", *(one for one in lines[hunk:] if one[0] in "-+")])


def main() -> None:
    """A sample of each module of the core, or all mutants, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=["*"], help='only these, such as "app.answering.citation*"'
    )
    parser.add_argument("--all", action="store_true", help=f"not only {SAMPLE} of each module")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="nightlight-mutants-") as index:
        environment = {"NIGHTLIGHT_TESTS_INDEX": index, **os.environ}
        work = [MUTMUT, "run", "--max-children", str(os.cpu_count() or 1)]
        print("Making the mutants and mapping the tests to them ...", flush=True)
        # Asked for a mutant that there is not, mutmut does that alone.
        made = subprocess.run(
            [*work, "none"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if "nothing matches" not in made.stderr:
            said = [line for line in (made.stdout + made.stderr).splitlines() if not SPINNING.search(line)]
            fail("\n".join(["mutmut could not make them:", *said[-100:]]))
        choose_tests()
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
        survivors += [f"{describe(one)}\n({mutants[one]})\n" for one in kept]
        if tried:
            noticed = len(tried) - len(kept)
            print(f"| `{module}` | {noticed} | {len(tried)} | {noticed / len(tried):.0%} |")
    print("", *survivors, sep="\n")


if __name__ == "__main__":
    run(main)
