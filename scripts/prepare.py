#!/usr/bin/env python3
"""Make or renew the project's environment, .venv: the one script that runs before anything is installed."""

from __future__ import annotations

import fcntl
import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
STAMP = Path(".venv", "nightlight.stamp")
WANTED = ("pyproject.toml", "constraints.txt", "hashes.txt")
PIP = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile")


def describe_base(root: Path) -> str:
    """What an environment cannot outlive: it does not move, and it belongs to one interpreter."""
    return f"{root} {sys.version!r}\n"


def describe_wanted(root: Path) -> str:
    """What an environment must have been made from to be current."""
    files = b"".join((root / name).read_bytes() for name in WANTED)
    return describe_base(root) + hashlib.sha256(files).hexdigest()


def read_stamp(root: Path) -> str:
    """What .venv was made from; nothing when there is none."""
    stamp = root / STAMP
    return stamp.read_text(encoding="utf-8") if stamp.is_file() else ""


def install_packages(python: str, *wanted: str) -> None:
    """By uv, in a tenth of pip's time; but what pip was told of mirrors, uv does not know: then by pip."""
    by_uv = [python, "-m", "uv", "pip", "install", "-q", "--python", python, *wanted]
    if subprocess.run(by_uv, cwd=ROOT, check=False).returncode:
        subprocess.run([python, *PIP, *wanted], cwd=ROOT, check=True)


def install(root: Path) -> None:
    """Install the project with its extras; the whole stamp comes last: half an install is not current."""
    stamp, python = root / STAMP, str(root / ".venv" / "bin" / "python")
    if not read_stamp(root).startswith(describe_base(root)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(root / ".venv")], check=True)
    stamp.write_text(describe_base(root), encoding="utf-8")
    # Every file is compared with its hash; torch alone, which comes from other places too, has none.
    hashes = root / "hashes.txt"
    exact = ["--require-hashes", "--no-deps", "--requirement"]
    (uv,) = re.findall(r"^uv==(?:.*\\\n)*.*", hashes.read_text(encoding="utf-8"), re.MULTILINE)
    subprocess.run([python, *PIP, *exact, "/dev/stdin"], input=uv, text=True, check=True)
    install_packages(python, *exact, str(hashes))
    project = ["--constraint", str(root / "constraints.txt"), "--editable", f"{root}[build,import,dev]"]
    # Built with the setuptools that was just compared, not with one that pip would fetch.
    subprocess.run([python, *PIP, "--no-build-isolation", *project], check=True)
    stamp.write_text(describe_wanted(root), encoding="utf-8")


def main() -> None:
    """Keep the environment when it is current, else make it anew; a second call waits for the first."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Nightlight needs Python 3.11 or newer, this is {found}; try: make PYTHON=python3.12")
    with (ROOT / "pyproject.toml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if read_stamp(ROOT) == describe_wanted(ROOT):
            return
        print("Preparing .venv (less than a minute, once) ...", flush=True)
        try:
            install(ROOT)
        except subprocess.CalledProcessError as error:
            sys.exit(
                f"Could not prepare .venv: `{error.cmd[0]}` ended with code {error.returncode}; see above."
            )


if __name__ == "__main__":
    main()
