#!/usr/bin/env python3
"""Load a server of its own: steadily, beyond what it can, with slow clients, killed workers, attacks."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from console import ROOT, fail, run

from app.settings import Settings
from flood import Flood, Response
from running import Server, start_server

QUESTIONS = tuple(
    json.loads(line)["question"]
    for line in (ROOT / "tests" / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
)
SLOW_CLIENTS = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each part lasts, in seconds, and how many requests look for a leak."""

    steady: float = 15
    overload: float = 15
    slow: float = 8
    kills: float = 16
    leak: int = 3000
    adversarial: int = 1000


FULL = Plan(steady=600, overload=120, slow=30, kills=120, leak=200_000, adversarial=10_000)
ADVERSARIAL = (
    "q" * 1000,
    " ".join(chr(0x4E00 + number) for number in range(500)),
    " ".join(f"zxqj{number:x}" for number in range(4096, 4205)),
    "the of and to in is it you that " * 31,
    "baby " * 200,
    "a" + "\u0301" * 999,
    "not breathing blue lips " * 41,
)
"""One word, 500 unknown words, words to mend, stop words, the commonest word, marks, an alarm."""
COUNTS = ("/metrics", "/metrics/", "/metrics%2f", "//metrics", "/%6detrics", "/METRICS", "/a/../metrics")
SLOW_READERS = 10
_BATCH = json.dumps({"questions": ["why does my baby twitch in sleep"] * 50, "k": 20}).encode()
SLOWLY_READ = 2 * (
    b"POST /api/v1/answers:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BATCH), _BATCH)
)


def make_request(number: int) -> bytes:
    """A question; each is worded a little differently."""
    words = quote(f"{QUESTIONS[number % len(QUESTIONS)]} {number}")
    path = f"/api/v1/answers?q={words}"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def make_adversarial(number: int) -> bytes:
    """A question that is made to cost much or, one time in eight, the counts' address misspelt."""
    kind, turn = number % 8, number // 8
    if kind == 7:
        path = COUNTS[turn % len(COUNTS)]
    else:
        path = f"/api/v1/answers?q={quote(f'{turn} {ADVERSARIAL[kind]}'[:1000])}"
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    return head.encode()


async def open_loop(port: int, rate: float, seconds: float) -> list[Response]:
    """Requests at a fixed rate, whether or not earlier ones have been answered."""
    return await asyncio.to_thread(Flood(port, make_request).pace, rate, seconds)


async def closed_loop(port: int, clients: int, total: int) -> list[Response]:
    """So many clients, each asking again as soon as it is answered."""
    return await asyncio.to_thread(Flood(port, make_request).press, clients, total)


def find_percentile(times: Iterable[float], share: float) -> float:
    """Milliseconds that this share of the seconds stayed below; 0 of none."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def describe(replies: list[Response]) -> str:
    """Counts by status, median and 99th percentile of the answered."""
    counts = {s: sum(r.status == s for r in replies) for s in sorted({r.status for r in replies})}
    good = [reply for reply in replies if reply.status == 200]
    return f"{counts}, answered: {describe_times(reply.seconds for reply in good)}"


def describe_times(seconds: Iterable[float]) -> str:
    """Median and 99th percentile."""
    times = list(seconds)
    return f"median {find_percentile(times, 0.5):.0f} ms, p99 {find_percentile(times, 0.99):.0f} ms"


async def soak_steadily(server: Server, plan: Plan) -> bool:
    """Twenty questions a second, open loop: no errors."""
    replies = await open_loop(server.port, 20, plan.steady)
    print(f"steady: 20/s for {plan.steady:.0f} s: {describe(replies)}", flush=True)
    return all(reply.status == 200 for reply in replies)


async def soak_overloaded(server: Server, plan: Plan) -> bool:
    """Five times capacity: goodput at least 90% of peak, accepted p99 at most 1 s, refused p99 at most 50 ms,
    normal after 10 s.

    This program takes a tenth of the processors then and next to nothing of them at the peak; so goodput is
    judged by what it leaves: answers for each second of processor that others could have.
    """
    await closed_loop(server.port, 8, 400)
    peak, peak_left = await _measure_rate(closed_loop(server.port, 8, 1600))
    load = asyncio.create_task(open_loop(server.port, 5 * peak, plan.overload))
    goodput, goodput_left = await _measure_rate(load)
    replies = load.result()
    refused = [reply for reply in replies if reply.status == 503]
    await asyncio.sleep(10)
    after = await open_loop(server.port, peak / 4, 5)
    print(f"overload: peak {peak:.0f}/s; {5 * peak:.0f}/s for {plan.overload:.0f} s: {describe(replies)}")
    print(
        f"  goodput {goodput / peak:.0%} of peak, {goodput_left / peak_left:.0%} by what the load left; ",
        end="",
    )
    print(f"refused: {describe_times(r.seconds for r in refused)}, ", end="")
    print(f"of that until they were sent {describe_times(r.late for r in refused)}")
    print(f"  10 s later: {describe(after)}", flush=True)
    good = [reply for reply in replies if reply.status == 200]
    accepted, turned_away = (find_percentile((r.seconds for r in part), 0.99) for part in (good, refused))
    quick = accepted <= 1000 and turned_away <= 50
    return goodput_left >= 0.9 * peak_left and quick and all(reply.status == 200 for reply in after)


async def _measure_rate(load: Awaitable[list[Response]]) -> tuple[float, float]:
    """Answers a second, and for each second of a processor that this program did not take."""
    started, taken = time.perf_counter(), time.process_time()
    good = sum(reply.status == 200 for reply in await load)
    seconds, taken = time.perf_counter() - started, time.process_time() - taken
    return good / seconds, good / (len(os.sched_getaffinity(0)) * seconds - taken)


@asynccontextmanager
async def hold_slow_clients(port: int, count: int) -> AsyncIterator[None]:
    """Clients that send a byte of their headers a second, and come back when they are dropped.

    Each has an address of its own: of one address nginx takes 64 connections.
    """

    async def dawdle(number: int) -> None:
        source = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
        while True:
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
            try:
                for byte in b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 600:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)
            except ConnectionError:
                continue
            finally:
                writer.close()

    tasks = [asyncio.create_task(dawdle(number)) for number in range(count)]
    await asyncio.sleep(2)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def soak_slowly(server: Server, plan: Plan) -> bool:
    """Three hundred slow clients behind the documented nginx: nobody else notices."""
    if not shutil.which("nginx"):
        print("slow clients: nginx is not installed (apt-get install nginx-light): left out", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        port = start_nginx(Path(folder), server.port)
        try:
            before = await open_loop(port, 10, plan.slow)
            async with hold_slow_clients(port, SLOW_CLIENTS):
                during = await open_loop(port, 10, plan.slow)
        finally:
            os.kill(int((Path(folder) / "nginx.pid").read_text(encoding="ascii")), signal.SIGTERM)
    print(
        f"slow clients behind nginx: before {describe(before)}; with {SLOW_CLIENTS}: {describe(during)}",
        flush=True,
    )
    return all(reply.status == 200 for reply in during)


def start_nginx(folder: Path, backend: int) -> int:
    """The documented configuration on a free port, without TLS, in front of the server; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    documented = (ROOT / "scripts" / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    http, _, _ = documented.partition("# --- the site ---")
    site = documented.partition("# --- locations ---")[2].partition("# --- end of locations ---")[0]
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{backend}")
    site = site.replace("/usr/share/nightlight", str(ROOT / "scripts" / "deploy"))
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\n"
        f"http {{ {http} server {{ listen 127.0.0.1:{port}; {site} }} }}\n",
        encoding="utf-8",
    )
    subprocess.run(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], check=True)
    return port


async def soak_killing(server: Server, plan: Plan) -> bool:
    """A worker is killed every five seconds: only the requests it had are lost."""
    load = asyncio.create_task(open_loop(server.port, 20, plan.kills))
    kills = 0
    while not load.done():
        await asyncio.wait({load}, timeout=5)
        if not load.done():
            os.kill(server.workers()[0], signal.SIGKILL)
            kills += 1
    replies = await load
    lost = sum(reply.status == 0 for reply in replies)
    print(f"killed workers: {kills} in {plan.kills:.0f} s at 20/s: {describe(replies)}", flush=True)
    # A worker holds what it is answering and what waits in its queue; at this rate that is next to nothing.
    return lost <= 4 * kills and all(reply.status in (0, 200) for reply in replies)


def measure(pid: int) -> tuple[int, int, int]:
    """Resident memory in kB, open descriptors and threads of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(fields["VmRSS"].split()[0]), descriptors, int(fields["Threads"])


async def soak_for_leaks(server: Server, plan: Plan) -> bool:
    """Many requests: memory within 5%, descriptors and threads as before."""
    await closed_loop(server.port, 8, max(1500, plan.leak // 10))
    await asyncio.sleep(3)
    before = {pid: measure(pid) for pid in server.workers()}
    replies = await closed_loop(server.port, 8, plan.leak)
    await asyncio.sleep(3)
    after = {pid: measure(pid) for pid in server.workers()}
    print(f"leak: {plan.leak} requests: {describe(replies)}")
    print(f"  (kB, descriptors, threads) of each worker before {before}, after {after}", flush=True)
    return all(
        after[pid][0] <= 1.05 * memory and after[pid][1:] == others
        for pid, (memory, *rest) in before.items()
        for others in [tuple(rest)]
    )


async def soak_adversarially(server: Server, plan: Plan) -> bool:
    """Questions made to cost much, spellings of the counts' address, slow readers of batches, and a log that
    is full: memory of each worker within 5%, no worker lost, no fault.
    """
    workers, port = server.workers(), server.port
    with ExitStack() as readers:
        for _ in range(SLOW_READERS):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", port))
            reader.sendall(SLOWLY_READ)
        warm = await asyncio.to_thread(
            Flood(port, make_adversarial).press, 4, max(500, plan.adversarial // 5)
        )
        await asyncio.sleep(3)
        before = {pid: measure(pid)[0] for pid in server.workers()}
        replies = await asyncio.to_thread(Flood(port, make_adversarial).press, 4, plan.adversarial)
        await asyncio.sleep(3)
    after = {pid: measure(pid)[0] for pid in server.workers()}
    print(
        f"adversarial: {len(warm)} before, then {plan.adversarial} with {SLOW_READERS} slow readers: ", end=""
    )
    print(f"{describe(replies)}; kB of each worker before {before}, after {after}", flush=True)
    kept = after.keys() == before.keys() == set(workers)
    return (
        kept
        and all(after[pid] <= 1.05 * kilobytes for pid, kilobytes in before.items())
        and all(reply.status in (200, 400, 404, 429, 503) for reply in replies)
    )


PARTS: dict[str, Callable[[Server, Plan], Coroutine[Any, Any, bool]]] = {
    "steady": soak_steadily,
    "overload": soak_overloaded,
    "slow": soak_slowly,
    "kills": soak_killing,
    "leak": soak_for_leaks,
    "adversarial": soak_adversarially,
}


def main() -> None:
    """Every part on a fresh server; says which failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="only these; all without")
    parser.add_argument(
        "--full", action="store_true", help="as long as SECURITY.md says: half an hour and more"
    )
    options = parser.parse_args()
    plan, failed = FULL if options.full else Plan(), []
    for name in options.parts or PARTS:
        with (
            tempfile.TemporaryDirectory() as folder,
            start_server(
                Settings().index_dir, Path("/dev/full") if name == "adversarial" else Path(folder) / "log"
            ) as server,
        ):
            if not asyncio.run(PARTS[name](server, plan)):
                failed.append(name)
    if failed:
        fail(f"not kept: {', '.join(failed)}")


if __name__ == "__main__":
    run(main)
