"""How far two people agree on the texts that both answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tunery.evaluation.bootstrap import Interval, counted, draws, interval
from tunery.tasks.tally import Floats, f1_score
from tunery.types import Span, Target

Score = tuple[float | None, Interval | None]
"""A score with its 95% interval; None where it doesn't exist."""


def kappa(first: Sequence[Target], second: Sequence[Target], *, resamples: int, seed: int) -> Score:
    """Return Cohen's kappa (1960) of two people's answers to the same texts.

    For several labels a text it is the mean of the kappas of the labels, each given or not given. A kappa doesn't exist
    where both always gave one and the same answer; such labels are left out of the mean.
    """
    tables = _tables(first, second)
    found = _mean_kappa([np.bincount(codes, minlength=size**2)[None] for codes, size in tables])
    if not len(first) or np.isnan(found[0]):
        return None, None
    drawn = [
        _mean_kappa([counted(codes[block], size**2) for codes, size in tables])
        for block in draws(len(first), resamples, seed)
    ]
    return float(found[0]), interval(np.concatenate(drawn))


def exact_f1(first: Sequence[Target], second: Sequence[Target], *, resamples: int, seed: int) -> Score:
    """Return the F1 of one person's spans against the other's: boundaries and label must be the same.

    It is the same whoever is held against whom. Of spans no kappa can be made, because nobody can say how many
    stretches of text were rightly left unmarked (Hripcsak and Rothschild 2005).
    """
    counts = np.array([_shared(one, other) for one, other in zip(first, second, strict=True)]).reshape(-1, 3)
    if not counts.sum():
        return None, None
    drawn = [
        _f1(counted(block, len(counts)).astype(np.float64) @ counts) for block in draws(len(counts), resamples, seed)
    ]
    return float(_f1(counts.sum(axis=0)[None])[0]), interval(np.concatenate(drawn))


def _tables(first: Sequence[Target], second: Sequence[Target]) -> list[tuple[NDArray[np.int64], int]]:
    """Return for each decision the cell of every text in a square table of both people's values, and its side."""
    if all(isinstance(target, str) for target in (*first, *second)):
        index: Mapping[Target, int] = {value: number for number, value in enumerate(dict.fromkeys((*first, *second)))}
        codes = [index[one] * len(index) + index[other] for one, other in zip(first, second, strict=True)]
        return [(np.array(codes, dtype=np.int64), len(index))]
    labels = sorted({str(label) for target in (*first, *second) for label in target})
    return [
        (np.array([2 * (label in one) + (label in other) for one, other in zip(first, second, strict=True)]), 2)
        for label in labels
    ]


def _mean_kappa(tables: Sequence[NDArray[np.int64]]) -> Floats:
    """Return the mean over tables (each resamples x cells) of the kappas that exist; NaN where none does."""
    values = np.stack([_kappa(table) for table in tables]) if tables else np.full((1, 1), np.nan)
    known = ~np.isnan(values)
    total = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(sums, total, out=np.full(values.shape[1], np.nan), where=total > 0))


def _kappa(cells: NDArray[np.int64]) -> Floats:
    side = int(np.sqrt(cells.shape[1]))
    table = cells.reshape(-1, side, side).astype(np.float64)
    total = table.sum(axis=(1, 2))
    agreed = np.trace(table, axis1=1, axis2=2) / total
    by_chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1) / total**2
    room = 1.0 - by_chance
    return np.asarray(np.divide(agreed - by_chance, room, out=np.full_like(room, np.nan), where=room > 1e-12))


def _shared(first: Target, second: Target) -> tuple[int, int, int]:
    one, other = (
        frozenset(span for span in target if isinstance(span, Span)) for target in (first, second)
    )  # fmt: skip
    return len(one & other), len(one - other), len(other - one)


def _f1(counts: Floats) -> Floats:
    values = f1_score(counts[:, 0], counts[:, 1], counts[:, 2])
    return np.where(counts.sum(axis=1) > 0, values, np.nan)
