"""Pictures as inline SVG: bars with intervals, the confusion map, the reliability diagram.

Labels are text, so that the reader's own fonts show them in any script. Colours come from the page's style
sheet by class. Everything is built as an element tree and so is escaped by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
from numpy.typing import NDArray

from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.calibration import Calibration
from tunery.evaluation.report import ConfusionTable
from tunery.evaluation.tables import shorten_middle, width
from tunery.evaluation.wording import visible
from tunery.i18n import _

MAP_LABELS = 200
"""How many labels a confusion map shows at most: those with most errors."""
_WIDEST_LABEL = 30
_CHARACTER = 0.58
"""How wide a character is, as a share of its height."""
_PLOT = 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 12, 18, 44


@dataclass(frozen=True, slots=True)
class _Grid:
    """Measures of a confusion map in pixels: a cell, its letters, and the room for labels."""

    cell: int
    font: float
    room: int

    def at(self, index: float) -> float:
        return self.room + index * self.cell


def score_bar(value: float, ends: Interval, kind: str = "plain") -> str:
    """Return a bar from 0 to ``value`` on a scale to 1, with the interval as a whisker; ``kind`` is its CSS class."""
    picture = Element("svg", {"class": f"bar {kind}", "height": "16", "role": "img", "aria-hidden": "true"})
    SubElement(picture, "rect", {"class": "track", "width": "100%", "height": "16", "rx": "3"})
    SubElement(picture, "rect", {"class": "value", "width": _percent(value), "height": "16", "rx": "3"})
    _whisker(picture, _percent(ends[0]), _percent(ends[1]))
    return _markup(picture)


def difference_bar(value: float, ends: Interval, reach: float) -> str:
    """Return a dot with its interval on a scale from ``-reach`` to ``reach``, with a line at 0."""

    def place(difference: float) -> str:
        return _percent(0.5 + 0.5 * max(-1.0, min(1.0, difference / reach if reach else 0.0)))

    side = "up" if ends[0] > 0 else "down" if ends[1] < 0 else "level"
    picture = Element("svg", {"class": f"forest {side}", "height": "16", "role": "img", "aria-hidden": "true"})
    SubElement(picture, "line", {"class": "zero", "x1": "50%", "x2": "50%", "y1": "0", "y2": "16"})
    _whisker(picture, place(ends[0]), place(ends[1]))
    SubElement(picture, "circle", {"class": "dot", "cx": place(value), "cy": "8", "r": "4"})
    return _markup(picture)


def confusion_map(table: ConfusionTable) -> str:
    """Return the map of what was taken for what: a row for each right label, shaded by the share of it."""
    counts, labels = _most_confused(table)
    grid = _grid(labels)
    side = str(grid.at(len(labels)) + 2)
    picture = Element(
        "svg", {"class": "map", "width": side, "height": side, "viewBox": f"0 0 {side} {side}", "role": "img"}
    )
    SubElement(picture, "title").text = _("What was expected (rows) and what was answered (columns)")
    size = str(len(labels) * grid.cell)
    SubElement(
        picture, "rect", {"class": "field", "x": str(grid.room), "y": str(grid.room), "width": size, "height": size}
    )
    _cells(picture, counts, labels, grid)
    for index, label in enumerate(labels):
        middle, before = grid.at(index + 0.5), str(grid.room - 5)
        shown = shorten_middle(label, _WIDEST_LABEL)
        name = {"font-size": str(grid.font), "dominant-baseline": "central"}
        SubElement(picture, "text", {**name, "x": before, "y": str(middle), "text-anchor": "end"}).text = shown
        turned = f"translate({middle} {before}) rotate(-90)"
        SubElement(picture, "text", {**name, "transform": turned}).text = shown
    return _markup(picture)


def reliability_diagram(calibration: Calibration) -> str:
    """Return share of right answers against confidence, a point for each bin; on the diagonal they agree."""
    size = f"{_LEFT + _PLOT + _RIGHT} {_TOP + _PLOT + _BOTTOM}"
    picture = Element("svg", {"class": "reliability", "viewBox": f"0 0 {size}", "role": "img"})
    SubElement(picture, "title").text = _("Confidence and share of right answers")
    _axes(picture)
    for part in calibration.bins:
        x, y = _x(part.confidence), _y(part.accuracy)
        tip = _("{count} answers with confidence {low:.2f} to {high:.2f}: {share:.1%} right").format(
            count=part.count, low=part.low, high=part.high, share=part.accuracy
        )
        group = SubElement(picture, "g", {"class": "bin"})
        SubElement(group, "title").text = tip
        SubElement(group, "line", {"class": "span", "x1": _x(part.low), "x2": _x(part.high), "y1": y, "y2": y})
        ends = {"y1": _y(part.interval[0]), "y2": _y(part.interval[1])}
        SubElement(group, "line", {"class": "whisker", "x1": x, "x2": x, **ends})
        SubElement(group, "circle", {"class": "dot", "cx": x, "cy": y, "r": "4.5"})
    return _markup(picture)


def _axes(picture: Element) -> None:
    plot = {"x": _x(0), "y": _y(1), "width": str(_PLOT), "height": str(_PLOT)}
    SubElement(picture, "rect", {"class": "field", **plot})
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        for ends in (
            {"x1": _x(tick), "x2": _x(tick), "y1": _y(0), "y2": _y(1)},
            {"x1": _x(0), "x2": _x(1), "y1": _y(tick), "y2": _y(tick)},
        ):
            SubElement(picture, "line", {"class": "rule", **ends})
        below = {"x": _x(tick), "y": str(float(_y(0)) + 16), "text-anchor": "middle"}
        SubElement(picture, "text", below).text = f"{tick:.0%}"
        beside = {"x": str(_LEFT - 7), "y": _y(tick), "text-anchor": "end", "dominant-baseline": "central"}
        SubElement(picture, "text", beside).text = f"{tick:.0%}"
    SubElement(picture, "line", {"class": "diagonal", "x1": _x(0), "x2": _x(1), "y1": _y(0), "y2": _y(1)})
    middle = str(_LEFT + _PLOT / 2)
    title = {"class": "axis", "text-anchor": "middle"}
    SubElement(picture, "text", {**title, "x": middle, "y": str(float(_y(0)) + 34)}).text = _("Confidence")
    turned = f"translate(14 {float(_y(0.5))}) rotate(-90)"
    SubElement(picture, "text", {**title, "transform": turned}).text = _("Share of right answers")


def _x(share: float) -> str:
    return f"{_LEFT + share * _PLOT:.1f}"


def _y(share: float) -> str:
    return f"{_TOP + (1 - share) * _PLOT:.1f}"


def _whisker(picture: Element, low: str, high: str) -> None:
    SubElement(picture, "line", {"class": "whisker", "x1": low, "x2": high, "y1": "8", "y2": "8"})
    for end in (low, high):
        SubElement(picture, "line", {"class": "whisker", "x1": end, "x2": end, "y1": "4", "y2": "12"})


def _grid(labels: Iterable[str]) -> _Grid:
    names = list(labels)
    sizes = ((12, 44), (24, 28), (50, 16), (100, 10))
    cell = next((size for most, size in sizes if len(names) <= most), 8)
    font = min(12.0, cell - 0.5)
    longest = max((min(width(name), _WIDEST_LABEL) for name in names), default=1)
    return _Grid(cell, font, int(longest * font * _CHARACTER) + 14)


def _cells(picture: Element, counts: NDArray[np.int64], labels: list[str], grid: _Grid) -> None:
    totals = np.maximum(counts.sum(axis=1), 1)
    for i, j in np.argwhere(counts > 0).tolist():
        share = float(counts[i, j] / totals[i])
        group = SubElement(picture, "g", {"class": "right" if i == j else "wrong"})
        SubElement(group, "title").text = _("expected {expected}, answered {answered}: {count} ({share:.1%})").format(
            expected=labels[i], answered=labels[j], count=counts[i, j], share=share
        )
        # A square root, so that rare confusions are seen at all beside the common ones.
        place = {"x": str(grid.at(j)), "y": str(grid.at(i)), "width": str(grid.cell - 1), "height": str(grid.cell - 1)}
        SubElement(group, "rect", {**place, "fill-opacity": f"{0.08 + 0.92 * share**0.5:.2f}"})
        if grid.cell >= 28:
            middle = {"x": str(grid.at(j + 0.5)), "y": str(grid.at(i + 0.5)), "text-anchor": "middle"}
            strong = {"class": "on"} if share > 0.4 else {}
            text = SubElement(group, "text", {**middle, **strong, "dominant-baseline": "central", "font-size": "11"})
            text.text = _compact(int(counts[i, j]))


def _compact(count: int) -> str:
    return f"{count}" if count < 10_000 else f"{count / 1000:.0f}k"


def _most_confused(table: ConfusionTable) -> tuple[NDArray[np.int64], list[str]]:
    counts = np.asarray(table.counts, dtype=np.int64).reshape(len(table.labels), len(table.labels))
    labels = [visible(label) for label in table.labels]
    if len(labels) <= MAP_LABELS:
        return counts, labels
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    kept = np.sort(np.argsort(-errors, kind="stable")[:MAP_LABELS])
    return counts[np.ix_(kept, kept)], [labels[index] for index in kept]


def _percent(share: float) -> str:
    return f"{100 * max(0.0, min(1.0, share)):.2f}%"


def _markup(picture: Element) -> str:
    return tostring(picture, encoding="unicode")
