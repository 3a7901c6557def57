"""Builders that are killed, starved or crowded, as processes of their own; servers that read meanwhile."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.answering.opening import open_answerer
from app.index.publish import CURRENT, GENERATIONS, building, list_names, open_generation, read_pointer
from app.settings import ROOT, SERVED, Settings
from running import start_server
from tests.generations import publish_again
from tests.traced import Builders, Ended, start_builders

REINDEX = (sys.executable, str(ROOT / "scripts" / "reindex.py"), "--anyway")
CHANGING = "write,pwrite64,sendfile,rename,mkdir,chmod,unlink,unlinkat,rmdir,fsync,ftruncate"
"""The system calls by which a build changes files."""
pytestmark = pytest.mark.processes
strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def reindex(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(REINDEX, capture_output=True, text=True, env=environment, check=False, timeout=300)


@pytest.fixture
def builders(environment: dict[str, str], tmp_path: Path) -> Iterator[Builders]:
    with start_builders(environment, tmp_path) as started:
        yield started


def assert_whole(settings: Settings) -> str:
    """What CURRENT names is whole and answers; gives its name."""
    answerer = open_answerer(settings)
    first = answerer.answer("is shuddering dangerous?").matches[0]
    assert "rare and harmless" in first.passage.text
    name = answerer.generation
    answerer.close()
    return name


def assert_next_build_leaves_no_rubbish(settings: Settings) -> None:
    name = publish_again(settings)
    assert assert_whole(settings) == name
    assert {path.name for path in settings.index_dir.iterdir()} - {SERVED} == {".lock", CURRENT, GENERATIONS}
    kept = [path.name for path in (settings.index_dir / GENERATIONS).iterdir()]
    assert sorted(kept, reverse=True) == list_names(settings.index_dir)
    assert len(kept) <= 3


def list_calls(builders: Builders, log: Path) -> list[tuple[str, str]]:
    """The file-changing system calls of a whole build in order: name, and arguments with the files' paths."""
    assert builders.run(f"--trace={CHANGING}", "--decode-fds=path", f"--output={log}").returncode == 0
    return re.findall(r"^\d+ +(\w+)\((.*)", log.read_text(errors="replace"), re.MULTILINE)


def kill_at(builders: Builders, call: str, number: int) -> bool:
    """Whether the call came to pass, and the builder's end with it."""
    inject = f"--inject={call}:signal=KILL:when={number}"
    code = builders.run(f"--trace={call}", inject, f"--output={os.devnull}").returncode
    assert code in (0, -signal.SIGKILL)
    return code != 0


@strace
@pytest.mark.parametrize(
    ("call", "number"), [pytest.param("write", 40, marks=pytest.mark.thorough), ("rename", 3)]
)
def test_builder_killed_at_a_system_call_leaves_a_whole_generation(
    own_settings: Settings, builders: Builders, call: str, number: int
) -> None:
    before = read_pointer(own_settings.index_dir)
    assert kill_at(builders, call, number)
    assert read_pointer(own_settings.index_dir) == before
    assert_whole(own_settings)
    assert_next_build_leaves_no_rubbish(own_settings)


@strace
@pytest.mark.faults
def test_builder_killed_at_every_file_changing_system_call(
    own_settings: Settings, builders: Builders, tmp_path: Path
) -> None:
    publish_again(own_settings)
    publish_again(own_settings)  # from now on each build deletes the oldest
    calls = Counter(call for call, _ in list_calls(builders, tmp_path / "calls"))
    assert calls["rename"] >= 4
    killed = 0
    for call, count in sorted(calls.items()):
        for number in range(1, count + 1):
            killed += kill_at(builders, call, number)
            assert_whole(own_settings)
            assert_next_build_leaves_no_rubbish(own_settings)
    print(f"killed {killed} times at {dict(calls)}")
    assert killed == sum(calls.values())


def kill_after(environment: dict[str, str], seconds: float) -> None:
    builder = subprocess.Popen(REINDEX, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    builder.send_signal(signal.SIGKILL)
    builder.wait()


def kill_at_random(settings: Settings, environment: dict[str, str], times: int) -> None:
    began = time.monotonic()
    assert reindex(environment).returncode == 0
    usual = time.monotonic() - began
    rng = random.Random(1)  # noqa: S311 - the same times in every run
    for _ in range(times):
        kill_after(environment, rng.uniform(0.3, 1.1) * usual)
        assert_whole(settings)
    assert_next_build_leaves_no_rubbish(settings)


@pytest.mark.thorough
def test_builder_killed_at_a_random_time(own_settings: Settings, environment: dict[str, str]) -> None:
    kill_at_random(own_settings, environment, 1)


@pytest.mark.faults
def test_builder_killed_at_a_hundred_random_times(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    kill_at_random(own_settings, environment, 100)


def test_interrupted_builder_leaves_nothing(own_settings: Settings, environment: dict[str, str]) -> None:
    before = read_pointer(own_settings.index_dir)
    builder = subprocess.Popen([*REINDEX, "--full"], env=environment, stderr=subprocess.PIPE, text=True)
    generations = own_settings.index_dir / GENERATIONS
    while not list(generations.glob(".building-*/passages.sqlite")):
        time.sleep(0.02)
        assert builder.poll() is None
    builder.send_signal(signal.SIGINT)
    _, errors = builder.communicate(timeout=60)
    assert (builder.returncode, "Traceback" in errors) == (130, False), errors
    assert read_pointer(own_settings.index_dir) == before
    assert [path.name for path in generations.iterdir()] == [before.name]


@contextmanager
def mount_small_disk(folder: Path, megabytes: float) -> Iterator[None]:
    folder.mkdir()
    options = f"size={int(megabytes * 1024)}k"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def build_on_small_disk(settings: Settings, environment: dict[str, str], disk: Path, megabytes: float) -> int:
    """The exit code of a build beside a copy of the index, on a disk of that size."""
    with mount_small_disk(disk, megabytes):
        index = disk / "index"
        shutil.copytree(settings.index_dir, index)
        small = settings.model_copy(update={"index_dir": index})
        before = read_pointer(index)
        done = reindex({**environment, "NIGHTLIGHT_INDEX_DIR": str(index)})
        assert "Traceback" not in done.stderr
        assert (read_pointer(index) == before) == (done.returncode != 0)
        assert_whole(small)
        assert len(list((index / GENERATIONS).iterdir())) == 1 + (done.returncode == 0)
        return done.returncode


def size_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def test_full_disk_ends_the_build_and_the_old_generation_serves(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    size = size_of(own_settings.index_dir)
    assert build_on_small_disk(own_settings, environment, tmp_path / "full", size * 1.1) == 1
    assert build_on_small_disk(own_settings, environment, tmp_path / "ample", size * 2.2) == 0


@pytest.mark.faults
def test_disk_of_any_size_holds_a_whole_generation(
    own_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    size = size_of(own_settings.index_dir)
    codes = [
        build_on_small_disk(own_settings, environment, tmp_path / str(step), size * (1.01 + step / 28))
        for step in range(32)
    ]
    assert (codes[0], codes[-1]) == (1, 0)
    assert codes == sorted(codes, reverse=True)


def fail_at(builders: Builders, call: str, number: int) -> Ended:
    inject = f"--inject={call}:error=EIO:when={number}"
    return builders.run(f"--trace={call}", inject, f"--output={os.devnull}")


@strace
@pytest.mark.parametrize(
    ("call", "number"), [pytest.param("write", 40, marks=pytest.mark.thorough), ("rename", 2)]
)
def test_error_of_the_disk_ends_the_build(
    own_settings: Settings, builders: Builders, call: str, number: int
) -> None:
    before = read_pointer(own_settings.index_dir)
    done = fail_at(builders, call, number)
    assert (done.returncode, done.stderr.count("\n"), "disk" in done.stderr) == (1, 1, True)
    assert read_pointer(own_settings.index_dir) == before
    assert_whole(own_settings)
    assert_next_build_leaves_no_rubbish(own_settings)


@strace
@pytest.mark.faults
def test_error_of_the_disk_at_every_write_flush_and_rename(
    own_settings: Settings, builders: Builders, tmp_path: Path
) -> None:
    calls = list_calls(builders, tmp_path / "calls")
    index = str(own_settings.index_dir)
    for call in ("fsync", "rename", "sendfile", "pwrite64", "write"):
        # What is written elsewhere (a semaphore, a line on the terminal) is not the index's business.
        concerned = [index in arguments for name, arguments in calls if name == call]
        for number in [number for number, inside in enumerate(concerned, 1) if inside]:
            before = read_pointer(own_settings.index_dir)
            done = fail_at(builders, call, number)
            # Where CURRENT was replaced already, only deleting old generations failed. What was copied by
            # write when sendfile failed is no failure.
            replaced = read_pointer(own_settings.index_dir) != before
            assert done.returncode != 0 or call == "sendfile"
            assert not replaced or number >= len(concerned) - 4 or call == "sendfile"
            assert "Traceback" not in done.stderr
            assert_whole(own_settings)
            assert_next_build_leaves_no_rubbish(own_settings)


def test_builders_beside_another_one_say_that_it_is_at_work(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    with building(own_settings.index_dir):
        done = [reindex(environment) for _ in range(2)]
    assert [process.returncode for process in done] == [75, 75]
    assert all("another builder is at work" in process.stderr for process in done)


@pytest.mark.faults
def test_of_twenty_builders_at_once_one_publishes(
    own_settings: Settings, environment: dict[str, str]
) -> None:
    builders = [
        subprocess.Popen([*REINDEX, "--full"], env=environment, stderr=subprocess.PIPE) for _ in range(20)
    ]
    for builder in builders:
        builder.communicate()
    assert sorted(builder.returncode for builder in builders) == [0, *[75] * 19]
    assert len(list_names(own_settings.index_dir)) == 2
    assert_whole(own_settings)


@dataclass
class Load:
    """Asks again and again and keeps what each reply says of itself."""

    address: str
    pause: float
    replies: list[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stopped: bool = False

    def run(self) -> None:
        while not self.stopped:
            try:
                url = f"{self.address}/api/v1/answers?q=is+shuddering+dangerous"
                with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 - our own server
                    self.note(json.load(reply))
            except OSError as error:
                self.failures.append(str(error))
            time.sleep(self.pause)

    def note(self, reply: dict[str, object]) -> None:
        passages = reply["passages"]
        assert isinstance(passages, list)
        words = tuple((passage["id"], passage["text"]) for passage in passages)
        generation = reply["index"]["generation"]  # type: ignore[index]
        self.replies.append((str(generation), words))


@contextmanager
def put_under_load(address: str, clients: int, pause: float) -> Iterator[list[Load]]:
    loads = [Load(address, pause) for _ in range(clients)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        yield loads
    finally:
        for load in loads:
            load.stopped = True
        for thread in threads:
            thread.join()


def read_words(settings: Settings) -> tuple[str, set[tuple[str, str]]]:
    answerer = open_answerer(settings)
    passages = [answerer.passages_of(article.slug) for article in answerer.articles()]
    answerer.close()
    return answerer.generation, {(passage.id, passage.text) for found in passages for passage in found}


def edit(settings: Settings, number: int) -> None:
    """Change the very passage that is asked for."""
    path = settings.corpus_dir / "baby-leg-twitching-while-sleeping.txt"
    original = (ROOT / "corpus" / path.name).read_text()
    path.write_text(original.replace("rare and harmless", f"rare and harmless ({number})"))


def wait_until_answered_from(name: str, loads: list[Load]) -> None:
    latest = time.monotonic() + 30
    while not all(load.replies and load.replies[-1][0] == name for load in loads):
        assert time.monotonic() < latest
        time.sleep(0.05)


def publish_under_load(settings: Settings, log: Path, times: int, pause: float = 0) -> None:
    words = dict([read_words(settings)])
    with start_server(settings.index_dir, log) as server, put_under_load(server.address, 2, pause) as loads:
        for number in range(times):
            edit(settings, number)
            name = publish_again(settings)
            words.update([read_words(settings)])
            wait_until_answered_from(name, loads)
    replies = [reply for load in loads for reply in load.replies]
    assert [failure for load in loads for failure in load.failures] == []
    mixed = [generation for generation, passages in replies if not set(passages) <= words[generation]]
    assert mixed == []
    assert all(passages for _, passages in replies)
    assert len({generation for generation, _ in replies}) == times + 1
    print(f"{len(replies)} replies over {times} publishes: 0 failed, 0 mixed")


@pytest.mark.usefixtures("model")
def test_publishing_under_load_fails_and_mixes_no_reply(own_settings: Settings, tmp_path: Path) -> None:
    publish_under_load(own_settings, tmp_path / "log", 2, pause=0.02)


@pytest.mark.faults
def test_fifty_publishes_under_load_fail_and_mix_no_reply(own_settings: Settings, tmp_path: Path) -> None:
    publish_under_load(own_settings, tmp_path / "log", 50)
    with open_generation(own_settings.index_dir) as generation:
        assert len(list_names(own_settings.index_dir)) <= 4
        generation.verify()
