"""Losses: what weighs how much, in every combination."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tunery.tasks import loss
from tunery.tasks.base import LossSettings

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.4, 0.3], [-3.0, 1.0, 0.0], [1.0, 2.0, 3.0]])
RIGHT = torch.tensor([0, 2, loss.IGNORED, 1])
WEIGHTS = (0.5, 1.0, 2.5)


@given(gamma=st.floats(0.1, 5), smoothing=st.floats(0, 0.5), weighted=st.booleans(), seed=st.integers(0, 99))
def test_focal_loss_is_each_rows_cross_entropy_times_its_missing_probability(
    gamma: float, smoothing: float, weighted: bool, seed: int
) -> None:
    logits = torch.randn(7, 3, generator=torch.Generator().manual_seed(seed)) * 3
    labels = torch.randint(0, 3, (7,), generator=torch.Generator().manual_seed(seed))
    weights = torch.tensor(WEIGHTS) if weighted else torch.ones(3)
    settings = LossSettings(smoothing, WEIGHTS if weighted else None, gamma)
    expected = 0.0
    for row, label in zip(logits, labels, strict=True):
        own = cross_entropy(row[None], label[None], weight=weights, label_smoothing=smoothing, reduction="sum")
        expected += float(own * (1 - row.softmax(0)[label]) ** gamma)
    assert float(loss.one_of(logits, labels, settings)) == pytest.approx(
        expected / float(weights[labels].sum()), rel=1e-3, abs=1e-5
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_without_focus_it_is_torchs_own(smoothing: float, weights: tuple[float, ...] | None) -> None:
    plain = LossSettings(smoothing, weights)
    barely = LossSettings(smoothing, weights, 1e-9)
    weight = None if weights is None else torch.tensor(weights)
    theirs = cross_entropy(LOGITS, RIGHT, weight=weight, label_smoothing=smoothing)
    assert float(loss.one_of(LOGITS, RIGHT, plain)) == pytest.approx(float(theirs))
    assert float(loss.one_of(LOGITS, RIGHT, barely)) == pytest.approx(float(theirs), rel=1e-5)
    several = (LOGITS > 0).float()
    assert float(loss.any_of(LOGITS, several, barely)) == pytest.approx(float(loss.any_of(LOGITS, several, plain)))


def test_several_labels_weigh_by_what_each_misses() -> None:
    logits, labels = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    plain = binary_cross_entropy_with_logits(logits, labels, reduction="none")[0]
    missing = (0.5, 1 / (1 + math.exp(-2.0)))
    expected = sum(float(one) * share**2 for one, share in zip(plain, missing, strict=True)) / 2
    assert float(loss.any_of(logits, labels, LossSettings(focal_gamma=2.0))) == pytest.approx(expected, rel=1e-5)


def test_certainty_has_a_finite_slope() -> None:
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    torch.autograd.backward(loss.one_of(logits, torch.tensor([0]), LossSettings(focal_gamma=0.5)))
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
