"""Pictures of confidence: is it true, and what does each threshold cost? PNG or SVG, by the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.errors import NightlightError
from app.evaluation.measures import Judgement, confidence_pairs, reliability

_SUFFIXES = (".png", ".svg")


def draw(judged: Sequence[Judgement], path: Path) -> None:
    """Reliability and the refusal trade-off side by side; raises NightlightError for another kind of file."""
    if path.suffix not in _SUFFIXES:
        raise NightlightError(f"{path}: a picture is a file that ends in {' or '.join(_SUFFIXES)}.")
    confidences, answerable = confidence_pairs(judged)
    if answerable.all() or not answerable.any():
        raise NightlightError("A picture needs both answerable and unanswerable questions.")
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    said, true, counts = zip(*reliability(confidences, answerable), strict=True)
    left.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="exactly right")
    left.scatter(
        said, true, s=[20 + 4 * count for count in counts], color="#1f4e79", label="a tenth of the scale"
    )
    left.set(xlabel="confidence", ylabel="share that is answerable", title="Reliability")
    thresholds = np.linspace(0, 1, 101)
    rightly = [(confidences[~answerable] < t).mean() for t in thresholds]
    wrongly = [(confidences[answerable] < t).mean() for t in thresholds]
    right.plot(thresholds, rightly, color="#1f4e79", label="unanswerable, refused")
    right.plot(thresholds, wrongly, color="#b3261e", label="answerable, wrongly refused")
    right.set(xlabel="threshold", ylabel="share refused", title="Refusal")
    left.legend()
    right.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
