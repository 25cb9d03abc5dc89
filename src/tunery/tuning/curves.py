"""The curves of a run, as a picture and as numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.i18n import _
from tunery.tuning.drawing import picture

if TYPE_CHECKING:
    from tunery.tuning.history import Point

_LOSS, _SCORE = "#8a8f98", "#2563eb"


def draw_curves(history: Sequence[Point], metric: str, path: Path) -> None:
    """Draw the loss on train and the score on dev over the epochs."""
    with picture(path, 7, 3.6) as figure:
        axes = figure.subplots()
        losses = [(point.epoch, point.loss) for point in history if point.loss is not None]
        found = [(point.epoch, point.scores[metric]) for point in history if metric in point.scores]
        axes.set_xlabel(_("epoch"))
        axes.set_ylabel(_("dev {metric}").format(metric=metric), color=_SCORE)
        if found:
            axes.plot(*zip(*found, strict=True), color=_SCORE, marker="o", linewidth=2)
            best = max(found, key=lambda point: point[1])
            axes.annotate(f"{best[1]:.4f}", best, textcoords="offset points", xytext=(0, 8), ha="center", color=_SCORE)
            axes.margins(x=0.06, y=0.2)
        if losses:
            right = axes.twinx()
            right.plot(*zip(*losses, strict=True), color=_LOSS, linewidth=1.2)
            right.set_ylabel(_("train loss"), color=_LOSS)
            right.set_ylim(bottom=0)
            right.spines["top"].set_visible(False)
        axes.spines["top"].set_visible(False)
        axes.grid(axis="y", alpha=0.25)


def save_curves(history: Sequence[Point], path: Path) -> None:
    """Write the points as JSON, one object each: ``epoch``, ``loss``, ``scores``, ``seconds``."""
    path.write_text(json.dumps([asdict(point) for point in history], indent=1) + "\n", encoding="utf-8")
