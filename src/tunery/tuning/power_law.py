"""How a score grows with the number of labels: a power law of the error, and what it says of more of them.

The error falls as ``scale * rows ** -exponent + floor`` (Cortes et al. 1993; Hestness et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EXPONENTS: Floats = np.geomspace(0.05, 2.0, 64)
"""What learning curves have been found to have, and some way beyond."""
_PARAMETERS = 3
_SMALLEST_ERROR = 0.005
"""Errors below it are weighed like it: a single row of dev decides about them."""


@dataclass(frozen=True)
class PowerLaw:
    """A fitted curve.

    Attributes:
        scale: The error of a single row that would be left out of the floor.
        exponent: How fast the error falls.
        floor: The error that no number of labels takes away; 0 or more.
    """

    scale: float
    exponent: float
    floor: float

    def error(self, rows: float) -> float:
        """Return the error to expect with so many rows."""
        return float(self.scale * rows**-self.exponent + self.floor)


@dataclass(frozen=True)
class Forecast:
    """What a curve says of more rows than there are.

    Attributes:
        rows: The number of rows.
        score: The score to expect.
        low: Where the interval of the score begins; it holds another run's luck, too.
        high: Where it ends.
        gain: How much that is above the curve at the rows there are.
        gain_low: Where the interval of the gain begins.
        gain_high: Where it ends.
    """

    rows: int
    score: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


def fit(rows: Sequence[float], scores: Sequence[float]) -> PowerLaw:
    """Return the curve nearest to the errors (1 - score), in proportion to their size.

    Args:
        rows: The number of rows of each measurement; at least three different ones.
        scores: Its score, between 0 and 1.
    """
    errors = 1.0 - np.asarray(scores, dtype=np.float64)
    scale, exponent, floor = _fit_all(np.asarray(rows, dtype=np.float64), errors[None, :])
    return PowerLaw(float(scale[0]), float(exponent[0]), float(floor[0]))


def forecast(
    rows: Sequence[float], scores: Sequence[float], target: int, seed: int, *, draws: int = 1000
) -> tuple[PowerLaw, Forecast]:
    """Return the fitted curve and what it says of ``target`` rows, with 95% intervals.

    The intervals come from fitting the curve again to itself with its own misses dealt out anew (a bootstrap of the
    residuals, in proportion to the error).

    Args:
        rows: The number of rows of each measurement.
        scores: Its score, between 0 and 1.
        target: The number of rows that is asked about.
        seed: Decides the draws.
        draws: How often the curve is fitted again.
    """
    law = fit(rows, scores)
    sizes = np.asarray(rows, dtype=np.float64)
    fitted = law.scale * sizes**-law.exponent + law.floor
    misses = (1.0 - np.asarray(scores) - fitted) / np.maximum(fitted, _SMALLEST_ERROR)
    misses *= np.sqrt(len(misses) / max(1, len(misses) - _PARAMETERS))
    generator = np.random.default_rng(seed)
    drawn = generator.choice(misses, (draws, len(misses)))
    scale, exponent, floor = _fit_all(sizes, np.clip(fitted * (1.0 + drawn), 0.0, 1.0))
    largest = float(sizes.max())
    there, ahead = (scale * size**-exponent + floor for size in (largest, float(target)))
    gains = there - ahead
    luck = 1.0 + generator.choice(misses, draws)
    low, high = np.quantile(np.clip(1.0 - ahead * luck, 0.0, 1.0), (0.025, 0.975))
    gain_low, gain_high = np.quantile(gains, (0.025, 0.975))
    score = 1.0 - law.error(target)
    gain = law.error(largest) - law.error(target)
    return law, Forecast(
        target, score, min(float(low), score), max(float(high), score),
        gain, min(float(gain_low), gain), max(float(gain_high), gain),
    )  # fmt: skip


def _fit_all(rows: Floats, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit a curve to each row of ``errors`` (curves x measurements); return scales, exponents and floors.

    For a given exponent the curve is linear in scale and floor, and neither may be negative: the best of each exponent
    is known in closed form, and the best exponent is looked up.
    """
    weights = 1.0 / np.maximum(errors, _SMALLEST_ERROR)
    power = rows ** -_EXPONENTS[:, None]
    wanted = errors * weights
    # Sums over measurements: exponents x curves.
    squares = (power**2) @ (weights**2).T
    mixed = power @ (weights**2).T
    ones = (weights**2).sum(axis=1)
    with_power = power @ (weights * wanted).T
    with_ones = (weights * wanted).sum(axis=1)
    determinant = np.maximum(squares * ones - mixed**2, 1e-300)
    scale = (with_power * ones - mixed * with_ones) / determinant
    floor = (squares * with_ones - mixed * with_power) / determinant
    scale, floor = (
        np.where(floor < 0, with_power / squares, np.where(scale < 0, 0.0, scale)),
        np.where(floor < 0, 0.0, np.where(scale < 0, with_ones / ones, floor)),
    )
    left = (
        (wanted**2).sum(axis=1) - 2 * scale * with_power - 2 * floor * with_ones
        + scale**2 * squares + 2 * scale * floor * mixed + floor**2 * ones
    )  # fmt: skip
    best = left.argmin(axis=0)
    curves = np.arange(errors.shape[0])
    return scale[best, curves], _EXPONENTS[best], floor[best, curves]
