"""What scripts/benchmark.py measured, as docs/performance.md tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.figures import Spread, make_table
from bench.picture import draw_bars
from bench.reindexing import Disk, Reindexing
from bench.servers import Memory

CONNECTIONS = (1, 4, 16)
PICTURE = Path("docs", "pictures", "speed.png")
OURS, PLAIN = "Nightlight, everything on", "the plain way"
ABSENT = ("not installed", "–", "–")


@dataclass(frozen=True, slots=True)
class Served:
    """What one kind of server was measured at."""

    starts: list[float]
    memory: Memory
    rates: dict[int, tuple[float, Spread]]
    paced: Spread
    """At half of what it can take."""

    @property
    def capacity(self) -> float:
        """Requests a second, at best."""
        return max(rate for rate, _ in self.rates.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything of one run."""

    stages: dict[str, Spread]
    beside: dict[str, Spread]
    """A question in process, by system."""
    absent: list[str]
    """Frameworks that are not installed."""
    rightness: str
    built: dict[str, float]
    served: dict[str, Served]
    disk: Disk
    reindexing: Reindexing | None

    @property
    def starts(self) -> dict[str, float]:
        """Seconds from start to first answer."""
        ours, plain = self.served["Nightlight"], self.served["plain"]
        return {OURS: median(ours.starts), PLAIN: median(plain.starts)}


def describe(measured: Measured) -> str:
    """What the page says."""
    title = "a question in process, ms"
    parts = (
        summarise(measured),
        f"![A question in process, and the first answer after a start](pictures/{PICTURE.name})",
        describe_spreads(title, measured.beside, measured.absent),
        measured.rightness,
        describe_spreads(f"{title}, stage by stage", measured.stages),
        compare(measured.served),
    )
    return "\n\n".join(parts)


def summarise(measured: Measured) -> str:
    """What the targets are about, as ratios of the same run."""
    beside, stages, built = measured.beside, measured.stages, measured.built
    ours, plain = measured.served["Nightlight"], measured.served["plain"]
    encoding = stages["encode"].p50 / stages["ONNX Runtime alone"].p50
    lines = [
        f"A question in process takes {beside[OURS].p50:.2f} ms with everything on, the plain way's "
        f"encode and search {beside[PLAIN].p50 / beside[OURS].p50:.1f} times that.",
        f"Encoding takes {encoding:.2f} times what ONNX Runtime alone takes on the same tokens.",
        f"Over HTTP {ours.capacity / plain.capacity:.1f} times the plain way's requests a second; p99 at "
        f"half of capacity is {ours.paced.p99 / ours.paced.p50:.1f} times p50.",
        f"Ready {measured.starts[PLAIN] / measured.starts[OURS]:.1f} times sooner; a worker takes "
        f"{ours.memory.resident / plain.memory.resident:.2f} of the memory.",
        f"Building encodes {built['ours']:.0f} passages a second, token vectors included, `encode` on the "
        f"same texts in their order {built['plain']:.0f}.",
        f"The index takes {_describe_disk(measured.disk)}.",
    ]
    if measured.reindexing:
        lines += _describe_reindexing(measured.reindexing)
    return "\n".join(f"- {line}" for line in lines)


def describe_spreads(title: str, spreads: Mapping[str, Spread], absent: Sequence[str] = ()) -> str:
    """A row each; those that were not measured are told as well."""
    rows = [(name, *_round(spread)) for name, spread in spreads.items()]
    return make_table((title, "p50", "p95", "p99"), [*rows, *((name, *ABSENT) for name in absent)])


def compare(served: dict[str, Served]) -> str:
    """The servers' table."""
    ours, page, plain = (served[name] for name in ("Nightlight", "Nightlight's page", "plain"))
    rows: list[tuple[object, ...]] = [
        ("start to first answer, s", *(f"{median(s.starts):.2f}" for s in (ours, page, plain))),
        ("resident memory of a worker, MB", *(f"{s.memory.resident:.0f}" for s in (ours, page, plain))),
        ("of that shared with no other, MB", *(f"{s.memory.own:.0f}" for s in (ours, page, plain))),
    ]
    for connections in CONNECTIONS:
        pairs = [s.rates[connections] for s in (ours, page, plain)]
        name = f"{connections} connection{'s' * (connections > 1)}"
        rows.append((f"requests a second, {name}", *(f"{rate:.0f}" for rate, _ in pairs)))
        rows.append((f"ms at {name}: p50 (p95, p99)", *(str(spread) for _, spread in pairs)))
    rows.append(("ms at half of capacity, open loop", *(str(s.paced) for s in (ours, page, plain))))
    return make_table(("over HTTP, two workers", "Nightlight, JSON", "its page", "the plain way"), rows)


def draw(measured: Measured, path: Path) -> None:
    """The picture that the page shows."""
    times = {name: spread.p50 for name, spread in measured.beside.items()}
    panels = {"a question in process, ms (p50)": times, "start to first answer, s": measured.starts}
    draw_bars(panels, path)


def _describe_reindexing(measured: Reindexing) -> list[str]:
    whole, again = measured.whole, measured.again
    return [
        f"Of {measured.articles} made-up articles, one has a sentence changed: {again.texts} of "
        f"{whole.texts:,} texts are encoded again, in {again.encoding / whole.encoding:.2%} of the seconds "
        f"that encoding took ({again.encoding:.2f} of {whole.encoding:.1f}); the new generation is built in "
        f"{again.seconds:.1f} s instead of {whole.seconds:.1f} s.",
        f"The index of those articles takes {_describe_disk(measured.disk)}.",
    ]


def _describe_disk(disk: Disk) -> str:
    return (
        f"{disk.bytes / 1e6:.1f} MB on the disk, {disk.encoder / 1e6:.1f} of them the encoder, and "
        f"{disk.per_passage / 1e3:.1f} kB a passage without it ({disk.passages:,} passages)"
    )


def _round(spread: Spread) -> tuple[str, str, str]:
    return f"{spread.p50:.2f}", f"{spread.p95:.2f}", f"{spread.p99:.2f}"
