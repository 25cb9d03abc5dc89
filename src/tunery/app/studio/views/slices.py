"""How well a model does on short and on long texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tunery.app.actions.reports import OfLength
from tunery.evaluation.bootstrap import Interval

_Z = 1.959963984540054
"""The normal distribution's 97.5th percentile."""
_SLICES = 5
_FEWEST = 10
"""Fewer rows than this say nothing of their own."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of like length.

    Attributes:
        low: Characters of the shortest.
        high: Characters of the longest.
        rows: How many rows.
        right: How many of them were answered without any mistake.
        interval: The 95% interval of the share of those (Wilson 1927).
    """

    low: int
    high: int
    rows: int
    right: int
    interval: Interval

    @property
    def share(self) -> float:
        """The share that is right."""
        return self.right / self.rows


def by_length(lengths: Sequence[OfLength], slices: int = _SLICES) -> list[Slice]:
    """Return slices of about equally many rows, from the shortest texts to the longest.

    Args:
        lengths: The rows of each length, the shortest first. They stay together: no length is in two slices.
        slices: How many slices at most; fewer where there are few rows, or many of one length.
    """
    total = sum(one.rows for one in lengths)
    wanted = max(1, min(slices, total // _FEWEST))
    found: list[Slice] = []
    group: list[OfLength] = []
    seen = 0
    for one in lengths:
        group.append(one)
        before, seen = seen, seen + one.rows
        # The end of a slice is within this length.
        if seen == total or _slice_of(seen, total, wanted) > _slice_of(before, total, wanted):
            found.append(_slice(group))
            group = []
    return found


def wilson(right: int, rows: int) -> Interval:
    """Return the 95% interval of a share (Wilson 1927)."""
    if not rows:
        return (0.0, 1.0)
    share, square = right / rows, _Z * _Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = _Z / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    # The share itself is always within, whatever rounding does.
    return (max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def _slice_of(place: int, total: int, slices: int) -> int:
    """Return the slice, counted from 0, in which a row would be if lengths didn't stay together."""
    return place * slices // total


def _slice(group: Sequence[OfLength]) -> Slice:
    rows, right = sum(one.rows for one in group), sum(one.right for one in group)
    return Slice(group[0].characters, group[-1].characters, rows, right, wilson(right, rows))
