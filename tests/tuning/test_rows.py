"""Rows of an embedding that wait for their updates end where torch's AdamW takes them."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tunery.tuning import rows as waiting
from tunery.tuning.rows import RowAdamW, Rows, clip, rows_of

WORDS, WIDTH = 20, 6
batches = st.lists(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=5), min_size=1, max_size=30)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(WORDS, WIDTH, padding_idx=0)
        self.out = nn.Linear(WIDTH, 1)

    def loss(self, ids: Tensor, target: float) -> Tensor:
        found: Tensor = ((self.out(self.words(ids)).tanh().sum() - target) ** 2).mean()
        return found


def groups(net: Net, decay: float) -> list[dict[str, object]]:
    return [
        {"params": [net.words.weight, net.out.weight], "weight_decay": decay},
        {"params": [net.out.bias], "weight_decay": 0.0},
    ]


def learn(optimizer: torch.optim.Optimizer, net: Net, steps: list[list[int]], parts: int = 1, first: int = 0) -> None:
    for number, batch in enumerate(steps, first):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + 0.1 * number)
        optimizer.zero_grad()
        for part in torch.tensor(batch).chunk(parts):
            net.loss(part, 0.1 * number).backward()
        optimizer.step()


@given(steps=batches, decay=st.sampled_from([0.0, 0.01, 0.1]), parts=st.integers(1, 2))
def test_they_end_where_adamw_takes_them(steps: list[list[int]], decay: float, parts: int) -> None:
    ours, theirs = Net(), Net()
    learn(torch.optim.AdamW(groups(theirs, decay), fused=True), theirs, steps, parts)
    held = Rows(ours.words)
    with held.reading():
        learn(RowAdamW(groups(ours, decay), held, fused=True), ours, steps, parts)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=2e-5)


def test_they_wait_no_longer_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_LONGEST_WAIT", 4)
    ours, theirs = Net(), Net()
    steps = [[1, 2], *([[3]] * 10), [1]]
    learn(torch.optim.AdamW(groups(theirs, 0.01), fused=True), theirs, steps)
    held = Rows(ours.words)
    with held.reading():
        learn(RowAdamW(groups(ours, 0.01), held, fused=True), ours, steps)
    torch.testing.assert_close(ours.words.weight, theirs.words.weight, rtol=1e-3, atol=1e-5)


@given(steps=batches, after=batches)
def test_what_is_kept_and_read_again_goes_on_with_the_same_bits(steps: list[list[int]], after: list[list[int]]) -> None:
    whole, held = Net(), None
    held = Rows(whole.words)
    optimizer = RowAdamW(groups(whole, 0.01), held, fused=True)
    with held.reading():
        learn(optimizer, whole, steps)
        state, weights = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(whole.state_dict())
        learn(optimizer, whole, after, first=len(steps))
    again = Net()
    again.load_state_dict(weights)
    held = Rows(again.words)
    optimizer = RowAdamW(groups(again, 0.01), held, fused=True)
    optimizer.load_state_dict(state)
    with held.reading():
        learn(optimizer, again, after, first=len(steps))
    for one, other in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_measuring_between_steps_sees_every_row_up_to_date() -> None:
    ours, theirs = Net(), Net()
    steps = [[1, 2], [3], [3, 4]]
    learn(torch.optim.AdamW(groups(theirs, 0.01), fused=True), theirs, steps)
    held = Rows(ours.words)
    with held.reading():
        learn(RowAdamW(groups(ours, 0.01), held, fused=True), ours, steps)
        with torch.no_grad():
            torch.testing.assert_close(ours.words(torch.arange(WORDS)), theirs.words.weight, rtol=1e-3, atol=1e-5)


@given(limit=st.floats(0.01, 10.0), seed=st.integers(0, 99))
def test_gradients_are_clipped_as_torch_clips_them(limit: float, seed: int) -> None:
    torch.manual_seed(seed)
    ours = [torch.randn(5, 3), torch.randn(7)]
    parameters = [nn.Parameter(torch.zeros_like(one)) for one in ours]
    for parameter, gradient in zip(parameters, ours, strict=True):
        parameter.grad = gradient.clone()
    expected = torch.nn.utils.clip_grad_norm_(parameters, limit)
    assert float(clip(ours, limit)) == pytest.approx(float(expected))
    for parameter, gradient in zip(parameters, ours, strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


def test_it_is_for_large_embeddings_that_learn() -> None:
    embedding = nn.Embedding(1000, 4)
    assert rows_of(embedding, [embedding.weight], 100) is not None
    assert rows_of(embedding, [embedding.weight], 200) is None
    assert rows_of(embedding, [], 100) is None
    assert rows_of(nn.Embedding(1000, 4, max_norm=1.0), [embedding.weight], 100) is None
