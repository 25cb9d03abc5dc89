"""A search in two pictures: what was tried and how it did, and which setting mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.i18n import _
from tunery.tuning.drawing import picture
from tunery.tuning.search_result import Trial, best_of
from tunery.tuning.space import Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BEST, _FIRST, _KEPT, _STOPPED = "#2563eb", "#111827", "#93b4f5", "#d1d5db"
_PER_AXIS = 1.5
"""Inches between two axes."""


def draw_trials(trials: Sequence[Trial], dimensions: Sequence[Dimension], metric: str, path: Path) -> None:
    """Draw every trial as a line through its settings to its scores on dev (parallel coordinates)."""
    short = [trial.short.score for trial in trials if trial.short is not None]
    whole = [trial.outcome.score for trial in trials if trial.whole]
    dev = _("dev {metric}").format(metric=metric)
    titles = (f"{dev}\n({_('short run')})", dev)
    results = [
        Dimension(title, min(scores), min(scores), max(scores), False, False)
        for title, scores in zip(titles, (short, whole), strict=True)
        if scores
    ]
    axes_of = [*dimensions, *results]
    with picture(path, max(6.0, _PER_AXIS * len(axes_of) + 1), 4.2) as figure:
        axes = figure.subplots()
        best = best_of(tuple(trials))
        for trial in sorted(trials, key=lambda one: (one == best, one.first, one.kept)):
            values = [trial.settings[one.name] for one in dimensions]
            if short and trial.short is not None:
                values.append(trial.short.score)
            if trial.whole and len(values) == len(axes_of) - 1:  # All axes before are there.
                values.append(trial.outcome.score)
            places = [_place(one, value) for one, value in zip(axes_of, values, strict=False)]
            _draw_line(axes, places, trial, best)
        _draw_axes(axes, axes_of, len(dimensions))
        _draw_legend(axes, trials, best)


def draw_importances(importances: Mapping[str, float], path: Path) -> None:
    """Draw how much of the differences between trials each setting accounts for."""
    names = sorted(importances, key=lambda name: importances[name])
    with picture(path, 6.5, max(1.8, 0.42 * len(names) + 1.2)) as figure:
        axes = figure.subplots()
        axes.set_xlabel(_("share of the differences between short runs"))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if not names:
            axes.set(xticks=[], yticks=[])
            axes.text(0.5, 0.5, _("too few trials to tell"), ha="center", va="center", transform=axes.transAxes)
            return
        bars = axes.barh(names, [importances[name] for name in names], color=_BEST, height=0.6)
        axes.bar_label(bars, labels=[f"{importances[name]:.0%}" for name in names], padding=3)
        axes.set_xlim(0, max(importances.values()) * 1.12)
        axes.xaxis.set_major_formatter(lambda value, _position: f"{value:.0%}")


def _draw_line(axes: Axes, places: Sequence[float], trial: Trial, best: Trial) -> None:
    if trial == best:
        color, width = _BEST, 2.6
    elif trial.first:
        color, width = _FIRST, 1.8
    else:
        color, width = (_KEPT, 1.5) if trial.kept else (_STOPPED, 1.0)
    axes.plot(range(len(places)), places, color=color, linewidth=width, solid_capstyle="round")


def _draw_axes(axes: Axes, dimensions: Sequence[Dimension], settings: int) -> None:
    for place, one in enumerate(dimensions):
        axes.axvline(place, color="#6b7280", linewidth=0.8, zorder=0)
        for value, height in ((one.low, 0.0), (one.high, 1.0)):
            axes.annotate(
                f"{value:.3g}" if place < settings else f"{value:.4f}", (place, height),
                textcoords="offset points", xytext=(0, 7 if height else -14), ha="center", fontsize=8, color="#374151",
            )  # fmt: skip
    axes.set_xticks(range(len(dimensions)), [one.name for one in dimensions], fontsize=9)
    axes.tick_params(axis="x", length=0, pad=16)
    axes.set(yticks=[], ylim=(-0.04, 1.1), xlim=(-0.4, len(dimensions) - 0.6))
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _draw_legend(axes: Axes, trials: Sequence[Trial], best: Trial) -> None:
    from matplotlib.lines import Line2D

    shown = {
        _("best (trial {number})").format(number=best.number): (_BEST, True),
        _("the defaults"): (_FIRST, not best.first),
        _("other whole runs"): (_KEPT, any(one.kept and not one.first and one != best for one in trials)),
        _("short runs only"): (_STOPPED, any(not trial.kept for trial in trials)),
    }
    lines = {name: Line2D([], [], color=color, linewidth=2) for name, (color, there) in shown.items() if there}
    axes.figure.legend(
        lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines), frameon=False, fontsize=9
    )


def _place(one: Dimension, value: float) -> float:
    """Return where on its axis a value lies, between 0 and 1."""
    if one.high <= one.low:
        return 0.5
    scale = math.log if one.log else float
    place = (scale(value) - scale(one.low)) / (scale(one.high) - scale(one.low))
    return min(max(place, 0.0), 1.0)
