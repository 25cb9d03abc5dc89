"""What was found, beside what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        what: What was measured, with its unit.
        ours: Tunery's figure.
        theirs: The figure it is compared with; None where there is none.
        value: What the bar is about: mostly a ratio.
        bar: What ``value`` must reach; None where the line is only told.
        least: Whether ``value`` must be at least the bar, or at most.
        note: What else to say.
    """

    what: str
    ours: float | None
    theirs: float | None = None
    value: float | None = None
    bar: float | None = None
    least: bool = True
    note: str = ""

    def passed(self) -> bool | None:
        """Return whether the bar is reached; None where there is none."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.least else self.value <= self.bar

    def cells(self) -> list[str]:
        """Return it as the cells of a table."""
        sign = "" if self.bar is None else ">= " if self.least else "<= "
        verdict = {None: "", True: "yes", False: "NO"}[self.passed()]
        figures = [_figure(one) for one in (self.ours, self.theirs, self.value)]
        return [self.what, *figures, sign + _figure(self.bar), verdict, self.note]


def at_least(what: str, ours: float, theirs: float, bar: float | None, note: str = "") -> Line:
    """Return a line whose ratio of ours to theirs must be at least ``bar``."""
    return Line(what, ours, theirs, ours / theirs, bar, note=note)


def at_most(what: str, ours: float, theirs: float, bar: float | None, note: str = "") -> Line:
    """Return a line whose ratio of ours to theirs must be at most ``bar``."""
    return Line(what, ours, theirs, ours / theirs, bar, least=False, note=note)


def limit(what: str, value: float, bar: float, note: str = "") -> Line:
    """Return a line of one figure that must be at most ``bar``."""
    return Line(what, value, value=value, bar=bar, least=False, note=note)


def told(what: str, ours: float | None = None, theirs: float | None = None, note: str = "") -> Line:
    """Return a line without a bar."""
    return Line(what, ours, theirs, ours / theirs if ours and theirs else None, note=note)


def show(lines: Sequence[Line]) -> str:
    """Return the table as Markdown."""
    rows = [["what", "ours", "theirs", "value", "bar", "ok", ""], *(line.cells() for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows)


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
