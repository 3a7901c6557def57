"""Real nodes of Ray on this machine: the same answers, replicas and nodes killed, publications under load."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from app.index.publish import building, open_generation, publish
from app.notices import EMERGENCY_SIGNS, EMERGENCY_TITLE
from app.records import Answer
from app.settings import ROOT, Settings
from app.web import create_app
from app.web.reload import Current, Watcher
from running import start_server
from tests.cluster.test_shards import describe
from tests.cluster.waiting import wait_until

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

SHARDS = 2
STORE = 80_000_000
QUESTIONS = [one.question for one in read_questions(ROOT / "tests" / "questions" / "dev.jsonl")]
PRIVATE = "does a zymurgical quandary make my baby twitch"


def publish_cut(settings: Settings, note: str) -> str:
    """The published generation once more, in shards; ``note`` makes it another one."""
    with open_generation(settings.index_dir) as current, building(settings.index_dir) as folder:
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

    kept = serving.PATIENCE, serving.GRACE_SECONDS
    serving.PATIENCE, serving.GRACE_SECONDS = 15.0, 1.0  # three nodes and their load share this machine
    first = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=first)
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=SHARDS, object_store_memory=STORE)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        serving.PATIENCE, serving.GRACE_SECONDS = kept
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
            self.wait_for(10)
            yield
            self.wait_for(len(self.answers) + 30)
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def wait_for(self, answers: int) -> None:
        until = time.monotonic() + 60
        while len(self.answers) < answers and time.monotonic() < until:
            time.sleep(0.05)


def find_replicas(shard: int) -> list[int]:
    """The processes of a shard's replicas that were started here, by the title that Serve gives them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            if b"ray::ServeReplica:nightlight-" in title and b":shard-%d" % shard in title:
                found += [int(folder.name)] if os.getsid(int(folder.name)) == os.getsid(0) else []
        except OSError:
            continue
    return found


def count_failures() -> float:
    from app.cluster.serving import FAILURES

    return sum(sample.value for metric in FAILURES.collect() for sample in metric.samples)


def test_cluster_answers_as_one_machine_and_holds_no_word(
    answerer: IndexAnswerer, served: Settings, nodes: Any
) -> None:
    clustered = open_when_started(served)
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


def test_publication_under_load_mixes_no_generations(answerer: IndexAnswerer, served: Settings) -> None:
    from ray import serve

    before = open_when_started(served)
    current = Current(before)
    watcher, load = Watcher(served, current), Load(current)
    with load.under_way():
        name = publish_cut(served, "second")
        wait_until(lambda: watcher.look() or current.generation == name)
    assert load.errors == []
    assert {answer.generation for _, answer in load.answers} == {before.generation, name}
    for question, answer in load.answers:
        assert describe(answer) == describe(answerer.answer(question)), question

    time.sleep(3)  # a server that goes on with the generation before keeps its shards
    assert describe(before.answer(QUESTIONS[0])) == describe(answerer.answer(QUESTIONS[0]))
    unused = before.generation
    del before
    wait_until(lambda: not any(unused in application for application in serve.status().applications))
    assert describe(current.answerer.answer(QUESTIONS[0])) == describe(answerer.answer(QUESTIONS[0]))


def test_killed_replica_costs_no_answer(answerer: IndexAnswerer, served: Settings) -> None:
    current = Current(open_when_started(served))
    load, before = Load(current), count_failures()
    with load.under_way():
        os.kill(find_replicas(0)[0], signal.SIGKILL)
    assert load.errors == []
    assert count_failures() - before <= 2 * SHARDS  # those in flight, at most
    for question, answer in load.answers:
        assert describe(answer) == describe(answerer.answer(question)), question


def test_server_counts_lost_shards_shows_the_card_and_goes_on(
    answerer: IndexAnswerer, served: Settings, nodes: Any, tmp_path: Path
) -> None:
    readers = {"NIGHTLIGHT_METRICS_READERS": '["127.0.0.1"]', "NIGHTLIGHT_CLUSTER": nodes.address}
    question = QUESTIONS[1]

    def fetch(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{server.address}{path}", timeout=30) as reply:  # noqa: S310
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ask() -> tuple[int, str]:
        return fetch("/api/v1/answers?" + urllib.parse.urlencode({"q": question}))

    with start_server(served.index_dir, tmp_path / "log", "--workers", "1", **readers) as server:
        wait_until(lambda: ask()[0] == 200)
        first = answerer.answer(question).matches[0].passage.id
        assert json.loads(ask()[1])["passages"][0]["id"] == first
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask)
            while not asked.done():  # Serve starts others, which may be in time for the second call
                for replica in find_replicas(1):
                    os.kill(replica, signal.SIGKILL)
                time.sleep(0.1)
        status, body = asked.result()
        assert status == 503
        assert EMERGENCY_SIGNS[0] in json.loads(body)["notices"]["emergency"]
        counts = fetch("/metrics")[1]
        assert "nightlight_shard_failures_total{" in counts
        assert 'outcome="not reached",shard="1"' in counts
        wait_until(lambda: ask()[0] == 200)  # Serve has started others
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "shard 1 of" in log
    assert question not in log
    assert "Traceback" not in log


def test_killed_node_costs_no_answer_and_without_any_the_card_is_shown(
    answerer: IndexAnswerer, served: Settings, nodes: Any, monkeypatch: pytest.MonkeyPatch
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
    wait_until(lambda: not find_replicas(0) and not find_replicas(1))
    monkeypatch.setattr("app.cluster.serving.PATIENCE", 1.0)
    client = create_app(served, current.answerer).test_client()
    reply = client.get("/", query_string={"q": "is shuddering dangerous?"})
    assert reply.status_code == 503
    assert EMERGENCY_TITLE in reply.text
