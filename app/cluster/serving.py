"""Shards as deployments of Ray Serve: replicas on several machines, and calls that reach one of them.

What travels to a shard is what `Asked` holds, and back rows and numbers: not a word of a question. Vectors
let a question be guessed, though, and Ray trusts whoever reaches its ports: its network must be trusted.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

# Before Ray is imported, which reads them once: nothing is reported to anybody, and a question's vectors
# travel within the call, as bytes in the processes' own memory, never through the store of objects.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_max_direct_call_object_size"] = "4000000"  # noqa: SIM112 - as Ray spells it

import ray
from prometheus_client import Counter
from ray import serve
from ray.exceptions import RayActorError, RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponse
from ray.serve.schema import ApplicationStatus
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)

from app.cluster.shards import Call, Shard, ShardedRetriever
from app.errors import DamagedGeneration, GenerationError, NoGeneration, Unreachable
from app.index.generation import Generation

logger = logging.getLogger(__name__)
logging.getLogger("ray.serve").setLevel(logging.WARNING)

PATIENCE = 2.0
"""Seconds for a shard's answer before it is asked for once more, of another replica if there is one."""
START_SECONDS = 10.0
"""To wait for a replica of each shard to open its files; it goes on doing so, and is waited for again."""
REACH_SECONDS = 2.0
GRACE_SECONDS = 60.0
"""Between two looks for shards of generations that no server uses any more."""
LOCAL = "local"
LOCAL_BYTES = 500_000_000
"""Of memory for what tasks on this machine give each other."""
PREFIX = "nightlight-"
FAILURES = Counter(
    "nightlight_shard_failures",
    "Calls that a shard did not answer, by what came of them, shard and index generation.",
    ("outcome", "shard", "generation"),
)


class _Replica:
    """One copy of a shard, on the machine where it was placed."""

    def __init__(self, folder: str, number: int) -> None:
        """``folder`` is the generation's, which this machine must have under the same path."""
        self._generation = Generation.open(Path(folder))
        self._shard = Shard(self._generation, number)
        self._damage: DamagedGeneration | None = None
        threading.Thread(target=self._check_trusted, daemon=True).start()

    def ask(self, method: Call, generation: str, *arguments: Any) -> Any:
        """What the shard answers; raises NoGeneration for another generation than its own."""
        return getattr(self._shard, method)(generation, *arguments)

    def check_health(self) -> None:
        """Raises DamagedGeneration where a file that was believed at opening is not what it was."""
        if self._damage:
            raise self._damage

    def _check_trusted(self) -> None:
        try:
            self._generation.check_trusted()
        except DamagedGeneration as error:
            self._damage = error


_deployment = serve.deployment(
    max_ongoing_requests=16,
    health_check_period_s=2,
    health_check_timeout_s=10,
    graceful_shutdown_timeout_s=5,
    logging_config={"enable_access_log": False, "log_level": "WARNING"},
    ray_actor_options={"num_cpus": 0.5},  # so that two generations fit while one follows the other
)(_Replica)


class RayCarrier:
    """Brings calls to the replicas of one generation's shards."""

    def __init__(self, generation: Generation, replicas: int) -> None:
        """So many of each are started where they do not run yet; raises Unreachable, DamagedGeneration."""
        self._generation, index = generation.name, generation.folder.parents[1]
        shards = range(len(generation.manifest.shards) - 1)
        # Reserves a byte, but has a name that all see, and goes with this process if not before.
        used = placement_group([{"memory": 1}], name=_name(generation.name, uuid4().hex))
        weakref.finalize(self, _let_go, used).atexit = False
        names = [_name(generation.name, number) for number in shards]
        with _alone(index):
            _start(generation, names, replicas)
        self._handles = [serve.get_deployment_handle(f"shard-{n}", names[n]) for n in shards]
        threading.Thread(target=_stop_unused, args=[weakref.ref(self), index], daemon=True).start()

    def call(self, method: Call, requests: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        """What these shards answer, asked at the same time; raises GenerationError unless all of them do."""
        sent = {number: self._send(number, method, request) for number, request in requests.items()}
        answers = {}
        for number, response in sent.items():
            try:
                answers[number] = _receive(response)
            except (RayActorError, RayServeException, TimeoutError):
                self._note_failure(number, "asked again")
                try:  # no call changes anything, so that another replica may be asked the same
                    answers[number] = _receive(self._send(number, method, requests[number]))
                except (RayError, RayServeException, TimeoutError) as error:
                    if isinstance(error, GenerationError):
                        raise
                    self._note_failure(number, "not reached")
                    raise Unreachable(f"Shard {number} of {self._generation} cannot be reached.") from None
        return answers

    def _send(self, number: int, method: Call, request: tuple[Any, ...]) -> DeploymentResponse[Any]:
        handle: DeploymentHandle[Any] = self._handles[number]
        return handle.ask.remote(method, self._generation, *request)

    def _note_failure(self, number: int, outcome: str) -> None:
        FAILURES.labels(outcome, str(number), self._generation).inc()
        logger.warning("shard %d of %s does not answer: %s", number, self._generation, outcome)


def _receive(response: DeploymentResponse[Any]) -> Any:
    try:
        return response.result(timeout_s=PATIENCE)
    except TimeoutError:
        response.cancel()
        raise


def open_retriever(generation: Generation, address: str, replicas: int) -> ShardedRetriever:
    """Retrieval from this generation's shards on a Ray cluster; they are started where they do not run yet.

    Raises NoGeneration where it has no shards, Unreachable where the cluster or a shard cannot be had.
    """
    if not generation.manifest.shards:
        raise NoGeneration(f"{generation.name} has no shards; run `scripts/reindex.py --anyway --shards N`.")
    try:
        connect(address)
        return ShardedRetriever(generation.manifest.shards, RayCarrier(generation, replicas).call)
    except (RayError, RayServeException, OSError, RuntimeError, ValueError) as error:
        raise Unreachable(f"The cluster cannot serve {generation.name}: {type(error).__name__}.") from None


def connect(address: str) -> None:
    """Join a Ray cluster, once a process, or start one here (LOCAL); ConnectionError if there is none."""
    if ray.is_initialized():
        return
    host, colon, port = address.rpartition(":")
    if colon:  # Ray would look for it for a minute
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS).close()
    here = {"include_dashboard": False, "object_store_memory": LOCAL_BYTES} if address == LOCAL else {}
    ended_by = signal.getsignal(signal.SIGTERM)
    ray.init(address, namespace="nightlight", log_to_driver=False, configure_logging=False, **here)
    # Ray would end this process at a SIGTERM in its own way; a server ends in its.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, ended_by)


@contextmanager
def _alone(index: Path) -> Iterator[None]:
    """One server at a time starts shards; the others find them running."""
    folder = os.open(index, os.O_RDONLY | os.O_DIRECTORY)  # a server need not be able to write there
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _start(generation: Generation, names: list[str], replicas: int) -> None:
    """Have every shard of a generation running, each an application of its own, with a replica that answers.

    More may follow, and one may be lost at any time.
    """
    serve.start(proxy_location="Disabled")
    if not set(names) <= serve.status().applications.keys():
        nodes = sum(node["Alive"] for node in ray.nodes())
        targets = [
            serve.RunTarget(
                _deployment.options(
                    name=f"shard-{number}",
                    num_replicas=replicas,
                    # On different machines, where there are enough.
                    max_replicas_per_node=1 if nodes >= replicas else None,
                ).bind(str(generation.folder), number),
                name=name,
                route_prefix=None,
            )
            for number, name in enumerate(names)
        ]
        serve.run_many(targets, wait_for_applications_running=False)
    until = time.monotonic() + START_SECONDS
    while True:
        found = [app for name, app in serve.status().applications.items() if name in names]
        states = [deployment.replica_states for app in found for deployment in app.deployments.values()]
        if len(states) == len(names) and all(state.get("RUNNING") for state in states):
            return
        if any(app.status == ApplicationStatus.DEPLOY_FAILED for app in found):
            for name in names:
                serve.delete(name, _blocking=False)
            raise DamagedGeneration(
                f"Not every shard of {generation.name} can be opened by the cluster's nodes."
            )
        if time.monotonic() > until:
            raise Unreachable(f"Not every shard of {generation.name} answers yet.")
        time.sleep(0.1)


def _let_go(used: PlacementGroup) -> None:
    if ray.is_initialized():
        remove_placement_group(used)


def _stop_unused(user: weakref.ref[RayCarrier], index: Path) -> None:
    """End the shards of generations that no server uses, now and then, as long as ``user`` lives."""
    while True:
        time.sleep(GRACE_SECONDS)
        if user() is None or not ray.is_initialized():
            return
        with suppress(RayError, RayServeException, OSError, RuntimeError), _alone(index):
            groups = placement_group_table().values()
            used = {group["name"].rpartition("-")[0] for group in groups if group["state"] != "REMOVED"}
            for name in serve.status().applications:
                if name.startswith(PREFIX) and name.rpartition("-")[0] not in used:
                    serve.delete(name, _blocking=False)


def _name(generation: str, what: object) -> str:
    return f"{PREFIX}{generation}-{what}"
