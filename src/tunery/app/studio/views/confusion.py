"""The confusion matrix as cells of a grid, each of which leads to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunery.evaluation.report import ConfusionTable

MOST_LABELS = 30
"""A grid of more labels than this can't be read."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How often one label was answered where another, or the same, is right.

    Attributes:
        row: Which row of the grid.
        column: Which column.
        expected: The right label.
        answered: The answered one.
        count: How often.
        share: Of all times that `expected` is right.
    """

    row: int
    column: int
    expected: str
    answered: str
    count: int
    share: float

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.expected == self.answered

    @property
    def strength(self) -> float:
        """How strongly it is coloured, from 0 to 1: a root, so that rare confusions are seen beside common ones."""
        return float(0.1 + 0.9 * self.share**0.5)


@dataclass(frozen=True, slots=True)
class Grid:
    """A confusion matrix.

    Attributes:
        labels: The labels shown, in the report's order.
        cells: Those that aren't empty.
        left_out: How many labels are not shown, because they have the fewest mistakes.
    """

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    left_out: int


def grid(table: ConfusionTable, most: int = MOST_LABELS) -> Grid:
    """Return the grid of the ``most`` labels with most mistakes."""
    counts = np.asarray(table.counts, dtype=np.int64).reshape(len(table.labels), len(table.labels))
    kept = _with_most_mistakes(counts, most)
    totals = counts.sum(axis=1)
    cells = [
        Cell(i, j, table.labels[row], table.labels[column], int(counts[row, column]),
             float(counts[row, column] / totals[row]))
        for i, row in enumerate(kept)
        for j, column in enumerate(kept)
        if counts[row, column]
    ]  # fmt: skip
    return Grid(tuple(table.labels[index] for index in kept), tuple(cells), len(table.labels) - len(kept))


def _with_most_mistakes(counts: np.ndarray[tuple[int, int], np.dtype[np.int64]], most: int) -> Sequence[int]:
    if len(counts) <= most:
        return range(len(counts))
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    chosen: list[int] = np.sort(np.argsort(-mistakes, kind="stable")[:most]).tolist()
    return chosen
