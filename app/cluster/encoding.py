"""The model's work of a build, spread over the nodes of a Ray cluster; a lost node's work is done again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import Any

import ray
from ray.exceptions import RayError

from app.cluster.serving import connect
from app.errors import BuildError
from app.index.build import Spread, Work
from app.index.model import Model

TEXTS = 64
"""Texts of one task: a second's work, so that little is lost with a node."""
AHEAD = 3
"""Tasks for each processor that are under way or waiting, so that none is idle."""
RETRIES = 10
"""Times that a task is done again whose node or process was lost."""


@contextmanager
def spread_over(address: str, model: Model) -> Iterator[Spread]:
    """Tasks on every processor of a cluster, "local" for one of this machine's own; none is left at the end.

    Raises BuildError where there is no cluster, or a node has not the same model.
    """
    try:
        connect(address)
    except (OSError, RuntimeError, ValueError) as error:
        raise BuildError(f"There is no Ray cluster at {address}: {error}.") from None
    under_way: deque[Any] = deque()

    def spread(work: Work, texts: Iterator[Any]) -> Iterator[Any]:
        shared, task = ray.put(work), ray.remote(num_cpus=1, max_retries=RETRIES)(_do)
        most = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while True:
            while len(under_way) < most and (chunk := list(islice(texts, TEXTS))):
                under_way.append(task.remote(shared, model.name, model.weights_sha256, chunk))
            if not under_way:
                return
            done = ray.get(under_way[0])
            under_way.popleft()
            yield from done

    try:
        yield spread
    except RayError as error:
        cause = getattr(error, "cause", None)
        raise BuildError(
            str(cause) if isinstance(cause, BuildError) else f"The cluster failed: {error}"
        ) from None
    finally:
        for result in under_way:
            ray.cancel(result, force=True)
        ray.shutdown()


def _do(work: Work, model: str, weights_sha256: str, texts: list[Any]) -> list[Any]:
    return list(work(_load(model, weights_sha256), texts))


@cache
def _load(name: str, weights_sha256: str) -> Model:
    """Once a process, as it takes seconds."""
    model = Model.load(name)
    if model.weights_sha256 != weights_sha256:
        raise BuildError(f"A node of the cluster has other weights of {name}; install the same on all.")
    return model
