"""Real nodes of Ray on this machine: the same answers, replicas and nodes killed, publications under load."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer
from app.cluster.shards import cut_generation
from app.errors import NightlightError, Unreachable
from app.evaluation.questions import read_questions
from app.index.build import annotate
from app.index.publish import building, open_current, publish
from app.notices import EMERGENCY_TITLE
from app.records import Answer
from app.settings import ROOT, Settings
from app.web import create_app
from app.web.reload import Current, Watcher
from tests.cluster.test_shards import describe

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

SHARDS = 2
STORE = 80_000_000
QUESTIONS = [one.question for one in read_questions(ROOT / "tests" / "questions" / "dev.jsonl")]
PRIVATE = "does a zymurgical quandary make my baby twitch"


def publish_cut(settings: Settings, note: str) -> str:
    """The published generation once more, in shards; ``note`` makes it another one."""
    with open_current(settings.index_dir) as current, building(settings.index_dir) as folder:
        shutil.copytree(current.folder, folder, dirs_exist_ok=True)
        annotate(folder, extra={"note": note})
        if not current.manifest.shards:
            cut_generation(folder, SHARDS)
        return publish(settings.index_dir, folder)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """Three nodes: the first runs Serve, each of the others has room for a replica of each shard."""
    from ray import serve
    from ray.cluster_utils import Cluster

    from app.cluster import serving

    patience, serving.PATIENCE = serving.PATIENCE, 15.0  # three nodes and their load share this machine
    first = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=first)
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=SHARDS, object_store_memory=STORE)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        serving.PATIENCE = patience
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture(scope="module")
def served(built_settings: Settings, nodes: Any, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    index = tmp_path_factory.mktemp("cut") / "index"
    shutil.copytree(built_settings.index_dir, index)
    settings = built_settings.model_copy(update={"index_dir": index, "cluster": nodes.address, "replicas": 2})
    publish_cut(settings, "first")
    return settings


def open_when_started(settings: Settings) -> IndexAnswerer:
    """As a server does: what cannot be reached yet is tried again."""
    until = time.monotonic() + 120
    while True:
        try:
            return open_answerer(settings)
        except Unreachable:
            if time.monotonic() > until:
                raise
            time.sleep(1)


@pytest.fixture(scope="module")
def clustered(served: Settings) -> Iterator[IndexAnswerer]:
    opened = open_when_started(served)
    yield opened
    opened.close()


class Load:
    """Asks from two threads until it is stopped; keeps what came."""

    def __init__(self, current: Current) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self.errors: list[Exception] = []
        self._current = current
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[n]) for n in range(2)]

    def _ask(self, number: int) -> None:
        while not self._stop.is_set():
            question = QUESTIONS[number % len(QUESTIONS)]
            try:
                self.answers.append((question, self._current.answerer.answer(question)))
            except NightlightError as error:
                self.errors.append(error)
            number += 2

    @contextmanager
    def under_way(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            self.wait_for(20)
            yield
            self.wait_for(len(self.answers) + 60)
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def wait_for(self, answers: int) -> None:
        until = time.monotonic() + 60
        while len(self.answers) < answers and time.monotonic() < until:
            time.sleep(0.05)


def find_replicas() -> list[int]:
    """The processes of all replicas, by the title that Serve gives them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"ray::ServeReplica:nightlight-" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def failures_of(answerer: IndexAnswerer) -> int:
    return answerer.search.retriever._carrier.failures  # type: ignore[attr-defined]


def test_cluster_answers_as_one_machine_and_holds_no_word(
    answerer: IndexAnswerer, clustered: IndexAnswerer, nodes: Any
) -> None:
    for question in QUESTIONS[::3]:
        one, other = answerer.answer(question), clustered.answer(question)
        assert describe(other) == describe(one), question
        assert other.confidence == pytest.approx(one.confidence, abs=1e-5)
    clustered.answer((PRIVATE + " ") * 20)  # of many tokens: the largest call that there can be
    from ray._private.internal_api import memory_summary

    summary = memory_summary(address=nodes.address, stats_only=True)
    assert "Plasma memory usage 0 MiB, 0 objects" in summary
    session = Path(nodes.head_node.get_session_dir_path())
    logs = [path.read_bytes() for path in session.rglob("*") if path.is_file()]
    assert logs
    assert not any(b"zymurgical" in log for log in logs)


def test_publication_under_load_mixes_no_generations(
    answerer: IndexAnswerer, served: Settings, clustered: IndexAnswerer
) -> None:
    current = Current(open_when_started(served))
    watcher, load = Watcher(served, current), Load(current)
    with load.under_way():
        name = publish_cut(served, "second")
        until = time.monotonic() + 120
        while current.generation != name and time.monotonic() < until:
            watcher.look()
    assert load.errors == []
    assert current.generation == name
    assert {answer.generation for _, answer in load.answers} == {clustered.generation, name}
    for question, answer in load.answers:
        assert describe(answer) == describe(answerer.answer(question)), question


def test_killed_replica_costs_no_answer(answerer: IndexAnswerer, served: Settings) -> None:
    current = Current(open_when_started(served))
    load = Load(current)
    with load.under_way():
        os.kill(find_replicas()[0], signal.SIGKILL)
    assert load.errors == []
    assert failures_of(current.answerer) <= 2 * SHARDS  # those in flight, at most
    for question, answer in load.answers:
        assert describe(answer) == describe(answerer.answer(question)), question


def test_killed_node_costs_no_answer_and_without_any_the_card_is_shown(
    answerer: IndexAnswerer, served: Settings, nodes: Any
) -> None:
    current = Current(open_when_started(served))
    load = Load(current)
    others = [node for node in nodes.list_all_nodes() if node is not nodes.head_node]
    with load.under_way():
        nodes.remove_node(others[0], allow_graceful=False)
    assert load.errors == []
    for question, answer in load.answers:
        assert describe(answer) == describe(answerer.answer(question)), question

    nodes.remove_node(others[1], allow_graceful=False)
    client = create_app(served, current.answerer).test_client()
    reply = client.get("/", query_string={"q": "is shuddering dangerous?"})
    assert reply.status_code == 503
    assert EMERGENCY_TITLE in reply.text
