#!/usr/bin/env python3
"""All checks and tests; installs Debian's Chromium for the browser tests where it can."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from console import ROOT, run

from prepare import install_packages

ORDINARY = "not thorough and not slow and not faults and not cluster"
QUICK = f"{ORDINARY} and not builds and not processes and not browser and not clean"
PARTS = {
    "quick": "only the tests that start no process, browser or build",
    "thorough": "only the tests that take long for what they seldom find",
    "slow": "only the tests that take minutes",
    "faults": "only the long tests of faults and damage",
    "cluster": "only the tests that start nodes of Ray",
}
NO_TESTS = 5  # pytest's exit code when nothing was selected
MOST_PROCESSES = 4  # more would find the servers that tests start too slow


def ensure_chromium() -> None:
    """Install Chromium by apt when there is none and we may; otherwise say how to."""
    if shutil.which("chromium"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("The browser tests need Chromium; on Debian: sudo apt-get install chromium")
    print("Installing Chromium ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], env=quiet, check=True)
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "chromium"]
    subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=True)


def ensure_ray() -> None:
    """Install the extra that only a cluster needs, in the versions that were tested."""
    if importlib.util.find_spec("ray") is None:
        pinned = [part for name in ("constraints.txt", "constraints-cluster.txt") for part in ("-c", name)]
        install_packages(sys.executable, "--no-build-isolation", *pinned, "--editable", ".[cluster]")


def choose_index() -> Path:
    """Where the tests' index of this very code is kept from run to run; that of other code is deleted."""
    digest, web = hashlib.sha256((ROOT / "hashes.txt").read_bytes()), ROOT / "app" / "web"
    for path in sorted((*(ROOT / "app").rglob("*"), *(ROOT / "corpus").rglob("*"))):
        if path.is_file() and path.suffix != ".pyc" and not path.is_relative_to(web):
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    kept = ROOT / ".pytest_cache" / "indexes" / digest.hexdigest()[:16]
    for other in kept.parent.glob("*"):
        if other != kept:
            shutil.rmtree(other)
    return kept


def run_pytest(*arguments: str) -> int:
    """Run a part of the tests; a part without tests is no failure."""
    # With as many processes as there are cores, threads of torch's would only wait for each other.
    few = {"NIGHTLIGHT_TESTS_INDEX": str(choose_index()), "OMP_NUM_THREADS": "1"}
    environment = {**few, **os.environ}
    command = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return 0 if code == NO_TESTS else code


def main() -> int:
    """One part of the tests, by default the ordinary ones, ruff and mypy among them."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, purpose in PARTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=purpose)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    # Many tests wait for servers, clocks and the browser; the quick ones wait for nothing.
    processes = min(cores if options.quick else cores + 1, MOST_PROCESSES)
    together = ("--numprocesses", str(processes), "--dist", "worksteal")
    if options.quick:
        return run_pytest("-m", QUICK, *together)
    if options.cluster:
        ensure_ray()
    for only in ("slow", "faults", "cluster"):
        if getattr(options, only):
            return run_pytest("-m", only)
    ensure_chromium()
    return run_pytest("-m", "thorough" if options.thorough else ORDINARY, *together)


if __name__ == "__main__":
    run(main)
