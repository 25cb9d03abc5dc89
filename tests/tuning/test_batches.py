"""Batches: every row once an epoch, within the budget, in an order that the seed decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunery.models.batching import batches_by_length
from tunery.tuning.batches import TokenBudgetSampler

LENGTHS = st.lists(st.integers(1, 80), min_size=1, max_size=200)


@given(lengths=LENGTHS, budget=st.integers(1, 300), rows=st.none() | st.integers(1, 10))
def test_every_row_is_in_one_batch_and_batches_fit(lengths: list[int], budget: int, rows: int | None) -> None:
    batches = batches_by_length(lengths, budget, rows)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget
        assert rows is None or len(batch) <= rows


@given(lengths=LENGTHS, seed=st.integers(0, 5))
def test_every_epoch_has_the_same_number_of_batches_in_another_order(lengths: list[int], seed: int) -> None:
    sampler = TokenBudgetSampler(lengths, 160, None, seed)
    orders = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler)
        assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
        orders.append(batches)
    again = TokenBudgetSampler(lengths, 160, None, seed)
    again.set_epoch(2)
    assert list(again) == orders[2]
    if len(orders[0]) > 20:
        assert orders[0] != orders[1]


def test_little_is_padding() -> None:
    lengths = [5 + (i * 7) % 60 for i in range(2000)]
    batches = batches_by_length(lengths, 1024)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert sum(lengths) / padded > 0.97
