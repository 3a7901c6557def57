"""A build's encoding on real nodes of Ray: the same vectors, a node lost on the way, an interrupted build."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.answering.answer import IndexAnswerer
from app.index.model import Model
from app.index.publish import GENERATIONS, list_names, open_generation
from app.settings import ROOT, Settings
from tests.articles import FIVE
from tests.cluster.waiting import wait_until

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

REINDEX = (
    sys.executable,
    str(ROOT / "scripts" / "reindex.py"),
    "--full",
    "--allow-shrink",
    "--cluster",
    "local",
    "--shards",
    "3",
)


def test_lost_node_s_work_is_done_again(answerer: IndexAnswerer, settings: Settings) -> None:
    from ray.cluster_utils import Cluster

    from app.cluster.encoding import spread_over

    texts = [
        article.text[start:end]
        for article, passage in answerer.index.store.passage_rows()
        for start, end in passage.sentences
    ][:160]  # a few tasks for each node
    model = Model.load(settings.model)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 80_000_000})
    try:
        lost = nodes.add_node(num_cpus=1, object_store_memory=80_000_000)
        nodes.wait_for_nodes()
        found = []
        with spread_over(nodes.address, model) as spread:
            for vector in spread(lambda model, texts: (one for one, _ in model.encode(texts)), iter(texts)):
                if not found:
                    nodes.remove_node(lost, allow_graceful=False)
                found.append(vector)
    finally:
        nodes.shutdown()
    wanted = [vector for vector, _ in model.encode(texts)]
    np.testing.assert_allclose(np.stack(found), np.stack(wanted), atol=1e-5)


def test_interrupted_build_leaves_nothing(environment: dict[str, str], own_settings: Settings) -> None:
    before = list_names(own_settings.index_dir)
    build = subprocess.Popen(
        REINDEX, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    generations = own_settings.index_dir / GENERATIONS
    wait_until(lambda: find_ray_of(build.pid, "ray::_do"))  # a task of encoding
    os.kill(build.pid, signal.SIGINT)
    assert build.wait(60) == 130
    assert [path.name for path in generations.iterdir()] == before
    wait_until(lambda: not find_ray_of(build.pid, "raylet", "gcs_server"))


def test_build_on_a_cluster_is_published_in_shards(
    environment: dict[str, str], own_settings: Settings
) -> None:
    for path in own_settings.corpus_dir.iterdir():
        if path.stem != FIVE[0]:
            path.unlink()
    done = subprocess.run(REINDEX, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with open_generation(own_settings.index_dir) as generation:
        assert len(generation.manifest.shards) == 4
        generation.verify()


def find_ray_of(session: int, *names: str) -> list[str]:
    """Ray's processes of these names that a process has started, which has a session of its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
            if int(rest.split()[3]) == session and any(ray in name for ray in names):
                found.append(name)
        except OSError:
            continue
    return found
