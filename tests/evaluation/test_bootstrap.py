from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery import tasks
from tunery.evaluation.bootstrap import counted, distinct, draws, interval, resample
from tunery.tasks.tally import Tally, label_scores, metrics
from tunery.types import Example, Prediction

LABELS = ("a", "b", "c")
answers = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=50)


def tallies(pairs: list[tuple[str, str]]) -> dict[str, Tally]:
    examples = [Example("x", gold) for gold, _ in pairs]
    return tasks.get("text-classification").tallies(examples, [Prediction(label) for _, label in pairs], LABELS)


@given(answers)
def test_rows_that_count_alike_are_kept_once_and_nothing_is_lost(pairs: list[tuple[str, str]]) -> None:
    tally = tallies(pairs)[""]
    first, kind_of = distinct([tally])
    again = tally.take(first[kind_of])
    assert (again.true_positives == tally.true_positives).all()
    assert (again.false_positives == tally.false_positives).all()
    assert (again.false_negatives == tally.false_negatives).all()
    assert len(first) <= len(set(pairs))


@given(answers, st.integers(0, 5))
def test_scores_are_those_of_the_drawn_rows(pairs: list[tuple[str, str]], seed: int) -> None:
    found = resample(tallies(pairs), 5, seed)
    (drawn,) = draws(len(pairs), 5, seed)
    for number, rows in enumerate(drawn):
        direct = tallies([pairs[row] for row in rows])
        for name, values in metrics(direct).items():
            assert found.metrics[name][number] == pytest.approx(values[0]), name
        occurs = (direct[""].true_positives + direct[""].false_positives + direct[""].false_negatives).any(axis=0)
        expected = np.where(occurs, label_scores(direct[""])["f1"][0], np.nan)
        assert found.label_f1[""][number] == pytest.approx(expected, nan_ok=True)


def test_every_resample_has_as_many_rows_as_the_data() -> None:
    blocks = list(draws(1_500_000, 5, 0))
    assert [len(block) for block in blocks] == [2, 2, 1]
    weights = counted(np.asarray([[0, 2, 2], [1, 1, 1]]), 3)
    assert weights.tolist() == [[1, 0, 2], [0, 3, 0]]


def test_an_interval_leaves_out_a_fortieth_on_both_sides() -> None:
    assert interval(np.arange(0.0, 1001.0)) == (25.0, 975.0)
    assert interval(np.asarray([np.nan, 0.5, np.nan])) == (0.5, 0.5)
    assert interval(np.asarray([np.nan])) == (0.0, 0.0)


def test_intervals_hold_the_true_value_about_95_times_in_100() -> None:
    generator = np.random.default_rng(7)
    inside = 0
    for trial in range(120):
        right = generator.random(150) < 0.8
        low, high = interval(
            resample(tallies([("a", "a" if hit else "b") for hit in right]), 300, trial).metrics["accuracy"]
        )
        inside += low <= 0.8 <= high
    assert 0.88 <= inside / 120 <= 0.99
