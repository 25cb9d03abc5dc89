"""Scores of features against targets: what they are by definition, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from tunery.tuning import transferability
from tunery.tuning.transferability import h_score, held_out, log_me

Floats = transferability.Floats


def classes(items: int, width: int, signal: float, seed: int = 0) -> tuple[Floats, Floats]:
    """Return features in which three classes lie ``signal`` apart, and the classes as columns."""
    generator = np.random.default_rng(seed)
    column = generator.integers(0, 3, items)
    return generator.normal(size=(items, width)) + signal * generator.normal(size=(3, width))[column], np.eye(3)[column]


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(3, 30), st.integers(2, 40))
@example(161, 13, 29)
def test_log_me_is_the_largest_evidence_of_a_linear_model(seed: int, items: int, width: int) -> None:
    generator = np.random.default_rng(seed)
    features, target = generator.normal(size=(items, width)), generator.normal(size=items)

    def evidence(prior: float, noise: float) -> float:
        covariance = features @ features.T * prior + np.eye(items) * noise
        return float(multivariate_normal.logpdf(target, np.zeros(items), covariance))

    grid = [evidence(prior, noise) for prior in np.logspace(-4, 2, 13) for noise in np.logspace(-4, 2, 13)]
    assert log_me(features, target[:, None]) * items >= max(grid) - 0.01 * items


@pytest.mark.parametrize("score", [log_me, h_score, lambda x, y: held_out(x, y, np.arange(len(x)))])
def test_features_that_tell_classes_apart_score_higher(score: object) -> None:
    assert callable(score)
    near, far = (score(*classes(200, 10, signal)) for signal in (0.1, 2.0))
    assert far > near


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_what_is_held_out_is_explained_by_what_was_learned_and_never_beyond_the_whole(seed: int) -> None:
    features, targets = classes(120, 6, 1.0, seed)
    groups = np.arange(120) // 3
    assert held_out(features, targets, groups, seed) <= 1.0
    assert held_out(features * 7.0, targets, groups, seed) == pytest.approx(held_out(features, targets, groups, seed))


def test_features_of_noise_explain_nothing_of_what_is_held_out() -> None:
    _, targets = classes(300, 5, 0.0)
    noise = np.random.default_rng(1).normal(size=(300, 50))
    assert abs(held_out(noise, targets, np.arange(300))) < 0.1


def test_rows_of_one_group_are_not_divided() -> None:
    # Each group has a direction and a class of its own: known in a group's own rows, and useless on any other.
    groups = np.repeat(np.arange(40), 5)
    generator = np.random.default_rng(0)
    features = np.eye(40)[groups] + generator.normal(scale=0.01, size=(200, 40))
    targets = np.eye(2)[generator.integers(0, 2, 40)][groups]
    assert held_out(features, targets, np.arange(200)) > 0.8
    assert held_out(features, targets, groups) < 0.2
