#!/usr/bin/env python3
"""Build the index when there is none, then serve."""

from __future__ import annotations

import os
import subprocess
import sys

from console import ROOT, run

from app.settings import Settings

SCRIPTS = ROOT / "scripts"


def main() -> None:
    """A first build needs a process of its own: what serves never loads what builds."""
    if not (Settings().index_dir / "CURRENT").exists():
        print("No index yet: building it from corpus/ ...", flush=True)
        built = subprocess.run([sys.executable, str(SCRIPTS / "reindex.py")], check=False)
        if built.returncode:
            sys.exit(built.returncode)
    os.execv(sys.executable, [sys.executable, str(SCRIPTS / "serve.py"), *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    run(main)
