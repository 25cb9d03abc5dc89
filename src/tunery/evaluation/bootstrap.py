"""Intervals by the bootstrap: rows are drawn anew, with replacement, and every score is computed again.

The percentile bootstrap of Efron (1979). What is drawn are rows (texts, sentences), never single tokens, because the
tokens of one sentence are right or wrong together. Everything that is drawn with the same seed from the same number of
rows is drawn alike, so the scores of two predictors can be subtracted resample by resample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunery.tasks.tally import Floats, Tally, Totals, metrics_of, totals

Interval = tuple[float, float]
"""The lower and upper end of a 95% interval."""

_BLOCK = 4_000_000
"""How many drawn rows are in memory at once, over all resamples of a block."""


@dataclass(frozen=True)
class Samples:
    """Scores of every resample.

    Attributes:
        metrics: By metric, one value a resample.
        label_f1: By tally, resamples x labels; NaN where the label doesn't occur in a resample.
    """

    metrics: dict[str, Floats]
    label_f1: dict[str, Floats]


def draws(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield blocks of resamples x rows: the numbers of the rows that each resample consists of."""
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // rows)
    for start in range(0, resamples, block):
        yield generator.integers(0, rows, size=(min(block, resamples - start), rows))


def counted(drawn: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Return resamples x groups: how often each number below ``groups`` occurs in each row of ``drawn``."""
    shifted = drawn + groups * np.arange(len(drawn))[:, None]
    return np.bincount(shifted.ravel(), minlength=groups * len(drawn)).reshape(len(drawn), groups)


def distinct(tallies: Sequence[Tally]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find rows that count alike in all ``tallies``; scores need each of them only once, with a weight.

    Returns:
        The number of one row of each kind, and for every row which kind it is.
    """
    kinds: dict[bytes, int] = {}
    kind_of = np.zeros(len(tallies[0]), dtype=np.int64)
    first: list[int] = []
    for row in range(len(kind_of)):
        key = b"".join(part[row].tobytes() for tally in tallies for part in _parts(tally))
        kind_of[row] = kinds.setdefault(key, len(kinds))
        if len(kinds) > len(first):
            first.append(row)
    return np.asarray(first, dtype=np.int64), kind_of


def resample(tallies: Mapping[str, Tally], resamples: int, seed: int) -> Samples:
    """Return the scores of ``resamples`` draws of as many rows as there are."""
    first, kind_of = distinct(list(tallies.values()))
    kinds = {name: tally.take(first) for name, tally in tallies.items()}
    blocks: list[Samples] = []
    for drawn in draws(len(kind_of), resamples, seed):
        weights = counted(kind_of[drawn], len(first))
        blocks.append(score({name: totals(tally, weights) for name, tally in kinds.items()}))
    return join(blocks)


def score(sums: Mapping[str, Totals]) -> Samples:
    """Return the scores that follow from the sums of a task's tallies."""
    by_label = {name: np.where(total.occurs, total.label_scores()["f1"], np.nan) for name, total in sums.items()}
    return Samples(metrics_of(sums), by_label)


def join(blocks: Sequence[Samples]) -> Samples:
    """Put blocks of resamples behind one another."""
    return Samples(
        {name: np.concatenate([block.metrics[name] for block in blocks]) for name in blocks[0].metrics},
        {name: np.concatenate([block.label_f1[name] for block in blocks]) for name in blocks[0].label_f1},
    )


def interval(values: Floats) -> Interval:
    """Return the 2.5th and 97.5th percentile of the values that are numbers; 0 and 0 where there is none."""
    known = values[~np.isnan(values)]
    if not len(known):
        return (0.0, 0.0)
    low, high = np.percentile(known, (2.5, 97.5))
    return (float(low), float(high))


def _parts(tally: Tally) -> tuple[NDArray[np.int32], ...]:
    return (
        tally.true_positives, tally.false_positives, tally.false_negatives, tally.correct, tally.decisions
    )  # fmt: skip
