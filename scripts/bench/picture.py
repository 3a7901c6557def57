"""Pictures of figures, as PNG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

OURS, OTHERS = "#1f4e79", "0.7"


def load_pyplot() -> Any:
    """matplotlib, drawing PNG without a screen."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["savefig.dpi"] = 150
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
    figure.savefig(path)
    pyplot.close(figure)
