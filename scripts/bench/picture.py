"""Pictures of figures, as SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

OURS, OTHERS = "#1f4e79", "0.7"


def load_pyplot() -> Any:
    """matplotlib, drawing SVG with names that do not change from run to run."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "nightlight"
    from matplotlib import pyplot

    return pyplot


def draw_bars(panels: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """A panel for each title, a bar for each system; ours comes first and stands out."""
    pyplot = load_pyplot()
    figure, axes = pyplot.subplots(1, len(panels), figsize=(9, 2.4), layout="constrained")
    for axis, (title, figures) in zip(axes, panels.items(), strict=True):
        colours = [OURS, *[OTHERS] * (len(figures) - 1)]
        bars = axis.barh(list(figures), list(figures.values()), color=colours)
        axis.bar_label(bars, fmt="%.1f", padding=3)
        axis.set(title=title)
        axis.margins(x=0.25)
        axis.invert_yaxis()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
