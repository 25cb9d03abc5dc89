"""The curve through scores of growing data: known curves are found again, and intervals hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.tuning.power_law import PowerLaw, fit, forecast

SIZES = [64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 1024]


def scores(law: PowerLaw, noise: float = 0.0, seed: int = 0) -> list[float]:
    luck = np.random.default_rng(seed).normal(0.0, noise, len(SIZES))
    return [1.0 - law.error(rows) * (1.0 + extra) for rows, extra in zip(SIZES, luck, strict=True)]


@pytest.mark.parametrize("law", [PowerLaw(1.2, 0.4, 0.05), PowerLaw(3.0, 0.9, 0.1), PowerLaw(0.9, 0.2, 0.0)])
def test_a_curve_that_is_one_is_found_again(law: PowerLaw) -> None:
    found = fit(SIZES, scores(law))
    for rows in (64, 512, 2048):
        assert found.error(rows) == pytest.approx(law.error(rows), rel=0.02)


def test_what_never_gets_better_is_foretold_to_stay() -> None:
    law, ahead = forecast(SIZES, [0.8] * len(SIZES), 2048, seed=0)
    assert law.error(2048) == pytest.approx(0.2, abs=1e-6)
    assert (ahead.gain, ahead.gain_low, ahead.gain_high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("law", [PowerLaw(1.2, 0.4, 0.05), PowerLaw(3.0, 0.9, 0.1)])
def test_nine_intervals_of_ten_hold_the_score_that_comes(law: PowerLaw) -> None:
    held = 0
    for seed in range(60):
        _law, ahead = forecast(SIZES, scores(law, 0.05, seed), 2048, seed=0, draws=200)
        luck = np.random.default_rng(1000 + seed).normal(0.0, 0.05)
        held += ahead.low <= 1.0 - law.error(2048) * (1.0 + luck) <= ahead.high
    assert held >= 54


@given(st.lists(st.floats(0.0, 1.0), min_size=len(SIZES), max_size=len(SIZES)))
def test_whatever_the_scores_the_forecast_is_one(found: list[float]) -> None:
    law, ahead = forecast(SIZES, found, 2048, seed=0, draws=50)
    assert law.scale >= 0
    assert law.floor >= 0
    assert ahead.low <= ahead.score <= ahead.high
    assert ahead.gain_low <= ahead.gain <= ahead.gain_high
    assert ahead.gain >= 0
    assert 0.0 <= ahead.low <= ahead.high
