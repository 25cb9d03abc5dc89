from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.evaluation.calibration import Calibration, calibrate, wilson
from tunery.tasks import Decision


def measured(pairs: list[tuple[float, bool]], rows: int | None = None) -> Calibration:
    decisions = [Decision(row, sure, right, "a", "b") for row, (sure, right) in enumerate(pairs)]
    found = calibrate(decisions, rows or len(pairs), temperature=None, seed=0, resamples=200)
    assert found is not None
    return found


def drawn(accuracy_of: float, rows: int = 3000) -> list[tuple[float, bool]]:
    generator = np.random.default_rng(1)
    sure = generator.uniform(0.3, 1.0, rows)
    return [(float(c), bool(hit)) for c, hit in zip(sure, generator.random(rows) < sure**accuracy_of, strict=True)]


def test_confidence_that_comes_true_is_within_chance() -> None:
    found = measured(drawn(1.0))
    assert found.expected_calibration_error < found.chance_level
    assert found.overconfidence_interval[0] < 0 < found.overconfidence_interval[1]


def test_too_much_confidence_is_seen_and_has_a_sign() -> None:
    found = measured(drawn(2.0))
    assert found.expected_calibration_error > 3 * found.chance_level
    assert found.overconfidence_interval[0] > 0
    assert measured(drawn(0.5)).overconfidence_interval[1] < 0


def test_the_error_lies_in_its_interval() -> None:
    for found in (measured(drawn(1.0)), measured(drawn(2.0)), measured(drawn(1.0, 40))):
        assert found.interval[0] <= found.expected_calibration_error <= found.interval[1]


def test_bins_hold_equally_many_answers() -> None:
    assert [part.count for part in measured(drawn(1.0)).bins] == [200] * 15


def test_equal_confidences_share_a_bin() -> None:
    found = measured([(1.0, True)] * 90 + [(1.0, False)] * 10)
    assert [(part.count, part.accuracy) for part in found.bins] == [(100, 0.9)]
    assert found.expected_calibration_error == pytest.approx(0.1)
    assert found.chance_level == 0.0


def test_without_any_confidence_there_is_no_calibration() -> None:
    assert calibrate([], 5, temperature=1.0, seed=0, resamples=10) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_bins_cover_all_answers_in_order(pairs: list[tuple[float, bool]]) -> None:
    found = measured(pairs)
    assert sum(part.count for part in found.bins) == found.decisions == len(pairs)
    assert 1 <= len(found.bins) <= 15
    assert all(one.high < other.low for one, other in zip(found.bins, found.bins[1:], strict=False))
    assert all(part.interval[0] <= part.accuracy <= part.interval[1] for part in found.bins)
    gaps = sum(part.count * abs(part.accuracy - part.confidence) for part in found.bins)
    assert found.expected_calibration_error == pytest.approx(gaps / len(pairs))


def test_wilsons_interval_is_the_published_one() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
