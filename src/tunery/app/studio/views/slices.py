"""How well a model does on short and on long texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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


def by_length(rows: Sequence[tuple[int, bool]], slices: int = _SLICES) -> list[Slice]:
    """Return slices of about equally many rows, from the shortest texts to the longest.

    Args:
        rows: For each row its characters, and whether it was answered without any mistake.
        slices: How many slices at most; fewer where there are few rows, or many of one length.
    """
    ordered = sorted(rows)
    wanted = max(1, min(slices, len(ordered) // _FEWEST))
    groups: list[list[tuple[int, bool]]] = []
    start = 0
    for number in range(1, wanted + 1):
        end = max(start, round(len(ordered) * number / wanted))
        # Rows of one length stay together, so that no length is in two slices.
        while 0 < end < len(ordered) and ordered[end][0] == ordered[end - 1][0]:
            end += 1
        if end > start:
            groups.append(ordered[start:end])
        start = end
    return [_slice(group) for group in groups]


def wilson(right: int, rows: int) -> Interval:
    """Return the 95% interval of a share (Wilson 1927)."""
    if not rows:
        return (0.0, 1.0)
    share, square = right / rows, _Z * _Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = _Z / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    # The share itself is always within, whatever rounding does.
    return (max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def _slice(group: Sequence[tuple[int, bool]]) -> Slice:
    right = sum(correct for _length, correct in group)
    return Slice(group[0][0], group[-1][0], len(group), right, wilson(right, len(group)))
