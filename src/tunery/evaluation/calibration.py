"""Calibration: of the answers given with 80% confidence, are 80% right?

The expected calibration error (ECE) of Guo et al. (2017), over at most 15 bins that hold equally many answers. Bins of
equal width would leave most of a sure model's answers in one bin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tunery.evaluation.bootstrap import Interval, counted, draws, interval
from tunery.tasks.base import Decision
from tunery.tasks.tally import Floats, divide

BINS = 15
_Z = 1.959963984540054
"""The normal distribution's 97.5th percentile."""


class Bin(BaseModel):
    """Answers of like confidence.

    Attributes:
        low: The lowest confidence among them.
        high: The highest.
        confidence: Their mean confidence.
        accuracy: The share that is right.
        interval: The 95% interval of that share (Wilson 1927).
        count: How many answers there are.
    """

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    confidence: float
    accuracy: float
    interval: Interval
    count: int


class Calibration(BaseModel):
    """How far confidence can be taken at its word.

    Attributes:
        expected_calibration_error: The mean distance between confidence and accuracy, over the bins.
        interval: Its 95% bootstrap interval, moved by the bootstrap's bias so that it lies around the error.
        chance_level: What a perfectly calibrated predictor stays below 95 times in 100 with this many answers.
        overconfidence: Mean confidence minus accuracy: positive for a predictor that is too sure.
        overconfidence_interval: Its 95% bootstrap interval.
        decisions: How many answers with a confidence there are.
        binning: How bins are made; always ``equal-mass``.
        bins: The bins by confidence.
        temperature: What outputs were divided by so that confidence fits; None where nothing was fitted.
    """

    model_config = ConfigDict(frozen=True)

    expected_calibration_error: float
    interval: Interval
    chance_level: float
    overconfidence: float
    overconfidence_interval: Interval
    decisions: int
    binning: str = "equal-mass"
    bins: tuple[Bin, ...]
    temperature: float | None = None


def calibrate(
    decisions: Sequence[Decision], rows: int, *, temperature: float | None, seed: int, resamples: int
) -> Calibration | None:
    """Measure calibration; None where no answer has a confidence.

    Args:
        decisions: Answers with their confidence.
        rows: How many rows they were given on; rows are what is drawn for the interval.
        temperature: What was fitted, to be passed on.
        seed: Seed of the bootstrap.
        resamples: Its size.
    """
    if not decisions:
        return None
    confidence = np.asarray([decision.confidence for decision in decisions], dtype=np.float64)
    right = np.asarray([decision.right for decision in decisions], dtype=np.float64)
    row = np.asarray([decision.row for decision in decisions], dtype=np.int64)
    which = _bins(confidence)
    bins = tuple(_describe(confidence[which == number], right[which == number]) for number in range(which.max() + 1))
    error = sum(part.count * abs(part.accuracy - part.confidence) for part in bins) / len(decisions)
    sums = np.zeros((rows, len(bins) + 1), dtype=np.float64)
    np.add.at(sums, (row, which), confidence - right)
    sums[:, -1] = np.bincount(row, minlength=rows)
    errors, gaps = _resample(sums, resamples, seed)
    low, high = interval(errors - errors.mean() + error)
    return Calibration(
        expected_calibration_error=error,
        interval=(max(0.0, low), min(1.0, high)),
        chance_level=_chance_level(confidence, which, resamples, seed),
        overconfidence=float((confidence - right).mean()),
        overconfidence_interval=interval(gaps),
        decisions=len(decisions),
        bins=bins,
        temperature=temperature,
    )


def _bins(confidence: Floats) -> NDArray[np.int64]:
    """Return each answer's bin, counted from 0; equal confidences share a bin, so there may be fewer than `BINS`."""
    edges = np.unique(np.quantile(confidence, np.linspace(0.0, 1.0, BINS + 1)[1:-1], method="inverted_cdf"))
    return np.unique(np.searchsorted(edges, confidence, side="left"), return_inverse=True)[1].astype(np.int64)


def _describe(confidence: Floats, right: Floats) -> Bin:
    count = len(confidence)
    return Bin(
        low=float(confidence.min()),
        high=float(confidence.max()),
        confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
        interval=wilson(int(right.sum()), count),
        count=count,
    )


def wilson(hits: int, count: int) -> Interval:
    """Return the 95% interval of a share (Wilson 1927)."""
    share, spread = hits / count, _Z**2 / count
    middle = share + spread / 2
    reach = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return (max(0.0, min(share, low)), min(1.0, max(share, high)))


def _resample(sums: Floats, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Return ECE and overconfidence of each resample, from rows x (gaps by bin, number of answers)."""
    totals = np.concatenate([counted(drawn, len(sums)) @ sums for drawn in draws(len(sums), resamples, seed)])
    gaps, answers = totals[:, :-1], totals[:, -1]
    return divide(np.abs(gaps).sum(axis=1), answers), divide(gaps.sum(axis=1), answers)


def _chance_level(confidence: Floats, which: NDArray[np.int64], resamples: int, seed: int) -> float:
    # Sums of many right-or-wrong outcomes are near enough normal, and a thousand of them cost nothing.
    variance = np.bincount(which, weights=confidence * (1.0 - confidence))
    noise = np.random.default_rng([seed, 2]).normal(size=(max(resamples, 1000), len(variance))) * np.sqrt(variance)
    return float(np.percentile(np.abs(noise).sum(axis=1) / len(confidence), 95))
