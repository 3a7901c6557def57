"""app/connections.py: the threads of a server process, of which one serves until it is held up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.connections import HELD_UP_SECONDS, Crew

PATIENCE = 5.0


@contextmanager
def crew_of(size: int, serve: Callable[[object], None]) -> Iterator[Crew]:
    """A crew whose threads have ended when the block does."""
    before = set(threading.enumerate())
    crew = Crew(size, serve)
    yield crew
    crew.shutdown(wait=False)
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_thread_serves_everything_in_order() -> None:
    served: list[tuple[object, str]] = []
    with crew_of(4, lambda work: served.append((work, threading.current_thread().name))) as crew:
        for number in range(200):
            crew.hand(number)
        wait_until(lambda: len(served) == 200)
        assert not crew.relieve()
    assert [work for work, _ in served] == list(range(200))
    assert len({name for _, name in served}) == 1


def test_thread_that_served_last_serves_next() -> None:
    names: list[str] = []
    with crew_of(4, lambda _: names.append(threading.current_thread().name)) as crew:
        for number in range(20):
            crew.hand(number)
            wait_until(lambda number=number: len(names) > number)  # type: ignore[misc]
            time.sleep(0.005)  # until it rests
    assert len(set(names)) == 1


def test_another_takes_over_from_one_that_is_held_up() -> None:
    let_go, served = threading.Event(), []

    def serve(work: object) -> None:
        if work == "slow":
            let_go.wait(PATIENCE)
        served.append(work)

    with crew_of(2, serve) as crew:
        crew.hand("slow")
        crew.hand("quick")
        assert crew.relieve()
        assert served == []
        time.sleep(2 * HELD_UP_SECONDS)
        crew.relieve()
        wait_until(lambda: served == ["quick"])
        crew.hand("quicker")
        wait_until(lambda: served == ["quick", "quicker"])
        let_go.set()
        wait_until(lambda: len(served) == 3)
        crew.hand("last")
        wait_until(lambda: len(served) == 4)


def test_what_was_handed_over_is_served_before_the_end() -> None:
    served: list[object] = []
    with crew_of(1, lambda work: (time.sleep(0.01), served.append(work))) as crew:  # type: ignore[func-returns-value]
        for number in range(5):
            crew.hand(number)
    assert served == [0, 1, 2, 3, 4]
