#!/usr/bin/env python3
"""Change the core one small step at a time (mutmut) and tell which changes no test notices."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from console import ROOT, fail, run

MUTMUT = Path(sys.executable).with_name("mutmut")
RESULT = re.compile(r"^\s*(app\.[\w.]+)\.(x\S*__mutmut_\d+): (.+)$", re.MULTILINE)
NOTICED = {"killed", "timeout", "caught by type check"}
UNDECIDED = {"not checked", "skipped"}


def main() -> None:
    """All of the core, or the named mutants; what was found before is kept in mutants/ and used again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help='only these, such as "app.answering.citation*"')
    parser.add_argument("--only-show", action="store_true", help="show the last results, run nothing")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="nightlight-mutants-") as index:
        environment = {**os.environ, "NIGHTLIGHT_TESTS_INDEX": index}
        if not options.only_show:
            work = [str(MUTMUT), "run", "--max-children", str(os.cpu_count() or 1), *options.names]
            subprocess.run(work, cwd=ROOT, env=environment, check=False)
    listed = subprocess.run(
        [str(MUTMUT), "results", "--all", "true"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    results: dict[str, Counter[str]] = defaultdict(Counter)
    survivors = []
    for module, name, status in RESULT.findall(listed.stdout):
        results[module][status] += status not in UNDECIDED
        if status not in NOTICED | UNDECIDED:
            survivors.append(f"{module}.{name}: {status}")
    if not any(counts.total() for counts in results.values()):
        fail(f"mutmut found nothing to change:\n{listed.stdout}{listed.stderr}")
    print(*survivors, sep="\n")
    print(f"\n{'module':<32} noticed  of all  share")
    for module, counts in sorted(results.items()):
        noticed, total = sum(counts[status] for status in NOTICED), counts.total()
        if total:
            print(f"{module:<32} {noticed:7} {total:7}  {noticed / total:5.0%}")
    print("`.venv/bin/mutmut show NAME` shows what a change was.")


if __name__ == "__main__":
    run(main)
