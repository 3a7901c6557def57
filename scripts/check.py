#!/usr/bin/env python3
"""Check the code without running it: ruff's rules, ruff's format, mypy."""

from __future__ import annotations

import subprocess
import sys

from console import ROOT, run

CHECKS = (
    ("ruff", "check", "--quiet"),
    ("ruff", "format", "--check", "--quiet"),
    ("mypy", "--no-error-summary"),
)


def main() -> int:
    """Run every check, so that one call shows all that is wrong."""
    results = [subprocess.run([sys.executable, "-m", *check], cwd=ROOT, check=False) for check in CHECKS]
    failed = [" ".join(check) for check, result in zip(CHECKS, results, strict=True) if result.returncode]
    print(f"Failed: {', '.join(failed)}" if failed else "ruff and mypy: nothing to say")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
