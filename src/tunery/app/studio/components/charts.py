"""Charts: plain elements in the theme's colours. Whatever users named is text in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunery.app.studio.components.markup import Tag
from tunery.store.versions import Bin

Points = Sequence[tuple[float, float]]
_SIZE = 1000
"""Width and height that drawings are made in; they are stretched to the place they have."""
_TICKS = 4
_LINES = 6
"""How many colours there are for lines."""


def bars(values: Mapping[str, float], *, unit: str = "", limit: int = 30, title: str = "") -> Tag:
    """Build horizontal bars, one for each name.

    Args:
        values: What is shown, in this order.
        unit: Written behind each number.
        limit: How many are shown.
        title: What the chart shows, for those who don't see it.
    """
    most = max(values.values(), default=0) or 1
    with Tag("div", classes="bars", role="table", **{"aria-label": title}) as element:
        for name, value in list(values.items())[:limit]:
            with Tag("div", classes="bars-row", role="row"):
                Tag("span", name, classes="bars-name", role="cell", title=name)
                with Tag("span", classes="bars-track", **{"aria-hidden": "true"}):
                    Tag("i").style(f"width: {100 * value / most:.2f}%")
                Tag("span", f"{value:,.6g}{unit}", classes="bars-value", role="cell")
    return element


def histogram(counts: Sequence[int], edges: Sequence[float], *, title: str = "") -> Tag:
    """Build vertical bars for counts between edges.

    Args:
        counts: How many, one for each pair of neighbouring edges.
        edges: One more than counts.
        title: What the chart shows.
    """
    most = max(counts, default=0) or 1
    with Tag("div", classes="histogram", role="img", **{"aria-label": title}) as element:
        with Tag("div", classes="histogram-bars"):
            for count, low, high in zip(counts, edges, edges[1:], strict=False):
                with Tag("span", classes="histogram-bar", title=f"{low:g}–{high:g}: {count:,}"):
                    Tag("i").style(f"height: {100 * count / most:.2f}%")
        with Tag("div", classes="histogram-edges"):
            for edge in (edges[0], edges[len(edges) // 2], edges[-1]) if len(edges) > 1 else ():
                Tag("span", f"{edge:g}")
    return element


def lengths(bins: Sequence[Bin], *, title: str) -> Tag:
    """Build how many texts have how many characters.

    Args:
        bins: Steps of equal width, at least one.
        title: What the chart shows.
    """
    edges = [float(one.low) for one in bins] + [float(bins[-1].high + 1)]
    return histogram([one.rows for one in bins], edges, title=title)


def lines(series: Mapping[str, Points], *, title: str = "", low: float | None = None, high: float | None = None) -> Tag:
    """Build lines over a common axis.

    Args:
        series: Name to points ``(x, y)`` in order; up to six are told apart.
        title: What the chart shows.
        low: Where the vertical axis begins; the lowest value where it isn't given.
        high: Where it ends.
    """
    points = [point for line in series.values() for point in line]
    with Tag("figure", classes="lines", role="img", **{"aria-label": title}) as element:
        if points:
            _plot(list(series.values()), _Frame.around(points, low, high))
        with Tag("figcaption", classes="lines-key"):
            for number, name in enumerate(series):
                with Tag("span"):
                    Tag("i", classes=f"line-{number % _LINES}")
                    Tag("span", name)
    return element


@dataclass(frozen=True)
class _Frame:
    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, points: Points, low: float | None, high: float | None) -> _Frame:
        xs, ys = [x for x, _y in points], [y for _x, y in points]
        return cls(min(xs), max(xs), min(ys) if low is None else low, max(ys) if high is None else high)

    def place(self, x: float, y: float) -> str:
        width, height = (self.right - self.left) or 1, (self.top - self.bottom) or 1
        return f"{_SIZE * (x - self.left) / width:.1f},{_SIZE * (self.top - y) / height:.1f}"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number.is_integer() else f"{number:.3g}"


def _plot(series: Sequence[Points], frame: _Frame) -> None:
    with Tag("div", classes="plot"):
        with Tag("div", classes="plot-up"):
            for step in range(_TICKS + 1):
                Tag("span", f"{frame.bottom + (frame.top - frame.bottom) * step / _TICKS:.3g}")
        with Tag("svg", classes="drawing", viewBox=f"0 0 {_SIZE} {_SIZE}", preserveAspectRatio="none"):
            for step in range(_TICKS + 1):
                y = _SIZE * step / _TICKS
                Tag("line", classes="rule", x1=0, x2=_SIZE, y1=y, y2=y)
            for number, line in enumerate(series):
                Tag("polyline", classes=f"line-{number % _LINES}", points=" ".join(frame.place(x, y) for x, y in line))
        with Tag("div", classes="plot-across"):
            Tag("span", _short(frame.left))
            Tag("span", _short(frame.right))
