"""A learning curve as a picture: the runs, the fitted curve, and what it says of twice as many labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tunery.i18n import _
from tunery.tuning.drawing import picture
from tunery.tuning.learning_curve_result import LearningCurve

_RUNS, _CURVE = "#111827", "#2563eb"


def draw_learning_curve(curve: LearningCurve, path: Path) -> None:
    """Draw the scores over the number of rows, which doubles from mark to mark."""
    sizes, twice = curve.sizes, curve.twice
    with picture(path, 6.5, 4.0) as figure:
        axes = figure.subplots()
        seen = np.geomspace(sizes[0], sizes[-1], 50)
        ahead = np.geomspace(sizes[-1], twice.rows, 20)
        axes.plot(seen, [1 - curve.law.error(rows) for rows in seen], color=_CURVE, label=_("fitted curve"))
        axes.plot(ahead, [1 - curve.law.error(rows) for rows in ahead], color=_CURVE, linestyle="--")
        rows, scores = zip(*((run.rows, run.score) for run in curve.runs), strict=True)
        axes.scatter(rows, scores, color=_RUNS, s=16, zorder=3, label=_("a run"))
        spread = [[twice.score - twice.low], [twice.high - twice.score]]
        axes.errorbar(
            [twice.rows], [twice.score], yerr=spread, color=_CURVE, fmt="o", capsize=4,
            label=_("twice as many labels, 95%"),
        )  # fmt: skip
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks([*sizes, twice.rows], [f"{size:,}" for size in [*sizes, twice.rows]])
        axes.set_xlabel(_("rows of train"))
        axes.set_ylabel(_("dev {metric}").format(metric=curve.metric))
        axes.grid(color="#e5e7eb")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(frameon=False, loc="lower right")
