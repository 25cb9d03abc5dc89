from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery import tasks
from tunery.evaluation.significance import exchange, holm, p_values
from tunery.tasks.tally import Tally, metrics
from tunery.types import Example, Prediction

LABELS = ("a", "b", "c")
label = st.sampled_from(LABELS)


def tallies(gold: list[str], given: list[str]) -> dict[str, Tally]:
    examples = [Example("x", item) for item in gold]
    return tasks.get("text-classification").tallies(examples, [Prediction(item) for item in given], LABELS)


def p_of_accuracy(first: dict[str, Tally], second: dict[str, Tally], trials: int) -> float:
    by_chance = exchange(first, second, trials, 0)
    found = metrics(second)["accuracy"][0] - metrics(first)["accuracy"][0]
    return float(p_values(found, by_chance[1].metrics["accuracy"] - by_chance[0].metrics["accuracy"]))


@pytest.mark.parametrize(("better", "worse"), [(9, 2), (6, 5), (15, 1), (0, 4)])
def test_the_p_value_of_accuracy_is_that_of_the_exact_sign_test(better: int, worse: int) -> None:
    # Of rows on which only one is right, each falls to either side like a coin (McNemar's test, exact).
    gold = ["a"] * 60
    first = ["b"] * better + ["a"] * (60 - better)
    second = ["a"] * better + ["b"] * worse + ["a"] * (60 - better - worse)
    count, least = better + worse, min(better, worse)
    exact = min(1.0, 2 * sum(comb(count, k) for k in range(least + 1)) / 2**count)
    assert p_of_accuracy(tallies(gold, first), tallies(gold, second), 4000) == pytest.approx(exact, abs=0.03)


@given(st.lists(st.tuples(label, label, label), min_size=1, max_size=25))
def test_an_exchange_only_ever_swaps_the_two_sides_of_a_row(rows: list[tuple[str, str, str]]) -> None:
    gold, one, other = (list(side) for side in zip(*rows, strict=True))
    first, second = tallies(gold, one), tallies(gold, other)
    left, right = exchange(first, second, 20, 1)
    total = metrics(first)["accuracy"][0] + metrics(second)["accuracy"][0]
    assert left.metrics["accuracy"] + right.metrics["accuracy"] == pytest.approx(np.full(20, total))


def test_predictors_that_answer_alike_never_differ() -> None:
    same = tallies(["a", "b", "c"] * 5, ["a", "b", "b"] * 5)
    left, right = exchange(same, same, 50, 0)
    assert (left.metrics["macro_f1"] == right.metrics["macro_f1"]).all()
    assert p_of_accuracy(same, same, 50) == 1.0


def test_chance_is_called_a_difference_about_5_times_in_100() -> None:
    generator = np.random.default_rng(3)
    alarms = 0
    for _ in range(150):
        gold = ["a"] * 80
        one, other = ([("a" if hit else "b") for hit in generator.random(80) < 0.8] for _ in range(2))
        alarms += p_of_accuracy(tallies(gold, one), tallies(gold, other), 200) < 0.05
    assert alarms / 150 <= 0.09


def test_p_is_never_zero() -> None:
    assert p_values(np.asarray(1.0), np.zeros(99)) == pytest.approx(0.01)
    assert p_values(np.asarray([0.0, 0.5]), np.asarray([[0.0, 0.5], [0.0, 0.4]])).tolist() == [
        1.0,
        pytest.approx(2 / 3),
    ]


def test_holms_correction_is_the_published_one() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=20))
def test_corrected_p_values_are_no_smaller_and_keep_their_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(before <= after <= 1.0 for before, after in zip(p, adjusted, strict=True))
    order = sorted(range(len(p)), key=lambda index: p[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)
