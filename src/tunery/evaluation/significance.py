"""Is a difference more than chance? Approximate randomisation, and Holm's correction for many questions at once.

If two predictors were equally good, it wouldn't matter whose answer to a row is whose. So the answers are exchanged at
random, row by row, and the p-value is how often the difference comes out at least as large as the one found (Noreen
1989; Yeh 2000 for F1, which is no mean over rows and rules out a t-test).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tunery.evaluation.bootstrap import Samples, distinct, join, score
from tunery.tasks.tally import Floats, Tally, Totals, totals

_BLOCK = 1_000_000
"""How many exchanges are in memory at once."""
_ROUNDING = 1e-12
"""Differences that are equal on paper may differ by this much in floating point."""


def exchange(
    first: Mapping[str, Tally], second: Mapping[str, Tally], trials: int, seed: int
) -> tuple[Samples, Samples]:
    """Return the scores of both sides for ``trials`` random exchanges of their answers, row by row."""
    one_of_each, kind_of = distinct([*first.values(), *second.values()])
    rows = np.bincount(kind_of)
    # Exchanging moves the difference of two rows from one side to the other; where there is none, nothing moves.
    moves = {name: _subtract(second[name].take(one_of_each), first[name].take(one_of_each)) for name in first}
    before = {name: (totals(first[name]), totals(second[name])) for name in first}
    # Another stream than the bootstrap's, which is seeded with the bare number.
    generator = np.random.default_rng([seed, 1])
    block = max(1, _BLOCK // max(len(rows), *(len(tally.labels) for tally in first.values())))
    sides: tuple[list[Samples], list[Samples]] = ([], [])
    for start in range(0, trials, block):
        swapped = generator.binomial(rows, 0.5, size=(min(block, trials - start), len(rows)))
        moved = {name: totals(tally, swapped) for name, tally in moves.items()}
        sides[0].append(score({name: _shift(before[name][0], total, 1.0) for name, total in moved.items()}))
        sides[1].append(score({name: _shift(before[name][1], total, -1.0) for name, total in moved.items()}))
    return join(sides[0]), join(sides[1])


def _subtract(one: Tally, other: Tally) -> Tally:
    return Tally(
        one.labels,
        one.true_positives - other.true_positives,
        one.false_positives - other.false_positives,
        one.false_negatives - other.false_negatives,
        one.correct - other.correct,
        one.decisions - other.decisions,
    )


def _shift(before: Totals, moved: Totals, sign: float) -> Totals:
    return Totals(
        before.true_positives + sign * moved.true_positives,
        before.false_positives + sign * moved.false_positives,
        before.false_negatives + sign * moved.false_negatives,
        before.correct + sign * moved.correct,
        before.decisions + sign * moved.decisions,
    )


def p_values(found: Floats, by_chance: Floats) -> Floats:
    """Return two-sided p-values.

    Args:
        found: The differences found, of any shape.
        by_chance: The differences under exchange, trials x that shape.

    Returns:
        ``(1 + trials at least as extreme) / (1 + trials)``, never 0.
    """
    extreme = np.abs(by_chance) >= np.abs(found) - _ROUNDING
    return np.asarray((1.0 + extreme.sum(axis=0)) / (1.0 + len(by_chance)), dtype=np.float64)


def holm(p: Sequence[float] | NDArray[np.float64]) -> list[float]:
    """Return p-values adjusted for being one of many (Holm 1979): below 0.05, the chance of any false alarm is 5%."""
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, index in enumerate(np.argsort(p, kind="stable")):
        highest = max(highest, min(1.0, (len(p) - rank) * float(p[index])))
        adjusted[int(index)] = highest
    return adjusted
