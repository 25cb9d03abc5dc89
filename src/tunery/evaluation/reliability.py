"""Krippendorff's alpha: how far people agree beyond what chance would make of their answers.

Alpha is 1 - D_o/D_e, the disagreement that is observed over the one expected if answers were dealt out to texts at
random (Krippendorff 2004, "Content Analysis", chapter 11). It takes any number of annotators and doesn't mind missing
answers: a unit counts as soon as two people answered it. Both parts are sums over texts, so a bootstrap only has to
weigh the texts anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunery.evaluation.bootstrap import Interval, counted, draws, interval
from tunery.tasks.tally import Floats


@dataclass(frozen=True)
class Units:
    """How often each value was given, unit by unit.

    Attributes:
        counts: Units x values: how many people gave the unit that value; at least two people a unit.
        weight: Units: how often each counts (a stretch of text as often as it has characters).
        owner: Units: the text that each belongs to.
        texts: How many texts there are.
    """

    counts: Floats
    weight: Floats
    owner: NDArray[np.int64]
    texts: int

    def split(self, members: NDArray[np.bool_]) -> Units:
        """Return the units with two values, given and not given, for the values that ``members`` marks."""
        given = self.counts @ members.astype(np.float64)
        return Units(np.stack([given, self.counts.sum(axis=1) - given], axis=1), self.weight, self.owner, self.texts)


@dataclass(frozen=True)
class _Sums:
    """What alpha is made of, summed by text: observed disagreement (texts), and values given (texts x values)."""

    observed: Floats
    values: Floats


def alpha(
    units: Units, distance: Floats | None = None, *, resamples: int = 0, seed: int = 0
) -> tuple[float | None, Interval | None]:
    """Return alpha, and its interval by the percentile bootstrap over texts.

    Args:
        units: The answers.
        distance: Values x values, from 0 to 1; by default every value differs from every other alike (nominal).
        resamples: How often texts are drawn anew; without any there is no interval.
        seed: Of the draws.

    Returns:
        None where alpha doesn't exist: nobody shares a unit, or everybody always gave the same value, so that there is
        nothing to be expected.
    """
    size = units.counts.shape[1]
    apart = 1.0 - np.eye(size) if distance is None else distance
    sums = _sums(units, apart)
    found = _alpha(sums.observed.sum()[None], sums.values.sum(axis=0)[None], apart)[0]
    if np.isnan(found):
        return None, None
    if not resamples:
        return float(found), None
    drawn = [_resampled(sums, apart, block, units.texts) for block in draws(units.texts, resamples, seed)]
    return float(found), interval(np.concatenate(drawn))


def masi(sets: Sequence[frozenset[str]]) -> Floats:
    """Return the MASI distance between sets of labels (Passonneau 2006): sets x sets, 0 for equal, 1 for disjoint.

    Sets that share labels are nearer than disjoint ones, and a set is nearer to its subset than to one it only overlaps
    with. Where every set holds one label it is the nominal distance, so one scale serves both kinds of data.
    """
    labels = sorted(set().union(*sets)) if sets else []
    hot = np.zeros((len(sets), len(labels)))
    for row, one in enumerate(sets):
        hot[row] = [label in one for label in labels]
    shared = hot @ hot.T
    sizes = hot.sum(axis=1)
    union = sizes[:, None] + sizes[None, :] - shared
    jaccard = np.divide(shared, union, out=np.ones_like(shared), where=union > 0)
    smaller = np.minimum(sizes[:, None], sizes[None, :])
    monotone = np.where(jaccard == 1.0, 1.0, np.where(shared == smaller, 2 / 3, 1 / 3))
    return np.asarray(1.0 - jaccard * monotone)


def _sums(units: Units, distance: Floats) -> _Sums:
    people = units.counts.sum(axis=1)
    differing = np.einsum("uv,uv->u", units.counts @ distance, units.counts) / (people - 1.0)
    observed = np.zeros(units.texts)
    np.add.at(observed, units.owner, units.weight * differing)
    values = np.zeros((units.texts, units.counts.shape[1]))
    np.add.at(values, units.owner, units.counts * units.weight[:, None])
    return _Sums(observed, values)


def _resampled(sums: _Sums, distance: Floats, drawn: NDArray[np.int64], texts: int) -> Floats:
    weights = counted(drawn, texts).astype(np.float64)
    return _alpha(weights @ sums.observed, weights @ sums.values, distance)


def _alpha(observed: Floats, values: Floats, distance: Floats) -> Floats:
    """Return alpha for each row of sums; NaN where it doesn't exist."""
    total = values.sum(axis=1)
    expected = np.einsum("rv,rv->r", values @ distance, values)
    known = expected > 0
    ratio = np.divide(observed * (total - 1.0), expected, out=np.full_like(expected, np.nan), where=known)
    return np.asarray(1.0 - ratio)
