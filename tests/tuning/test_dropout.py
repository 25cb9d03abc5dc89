"""Dropout on a processor: the right share, the right mean, and attention that is torch's but for what is dropped."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModel, PreTrainedModel

from tunery.sources import fetch
from tunery.tuning.dropout import drop, quick


@pytest.fixture
def model(tiny_base: str) -> PreTrainedModel:
    found: PreTrainedModel = AutoModel.from_pretrained(fetch(tiny_base, kind="model").path)
    return found


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_the_share_and_the_mean_are_right(share: float) -> None:
    torch.manual_seed(0)
    found = drop(torch.ones(1000, 1003), share)
    assert float((found == 0).float().mean()) == pytest.approx(share, abs=0.005)
    assert float(found.mean()) == pytest.approx(1.0, rel=0.03)
    assert len(found.unique()) == 2


def test_the_seed_decides() -> None:
    torch.manual_seed(1)
    first, second = drop(torch.ones(101), 0.5), drop(torch.ones(101), 0.5)
    torch.manual_seed(1)
    assert torch.equal(drop(torch.ones(101), 0.5), first)
    assert not torch.equal(first, second)


def test_gradients_flow_through_what_is_kept() -> None:
    values = torch.ones(1000, requires_grad=True)
    found = drop(values, 0.25)
    found.sum().backward()
    assert torch.equal(values.grad, found.detach())


def test_answers_are_torchs_where_nothing_is_dropped(model: PreTrainedModel) -> None:
    ids = torch.randint(1000, 2000, (3, 12))
    mask = torch.ones_like(ids)
    mask[0, 5:] = 0
    expected = model.eval()(input_ids=ids, attention_mask=mask).last_hidden_state
    with quick(model):
        found = model(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found[mask.bool()], expected[mask.bool()])


def test_attention_that_drops_has_the_mean_of_attention_that_does_not(model: PreTrainedModel) -> None:
    ids = torch.randint(1000, 2000, (2, 8))
    mask = torch.ones_like(ids)
    mask[0, 5:] = 0
    layer = model.encoder.layer[0].attention.self
    seen: list[torch.Tensor] = []
    layer.register_forward_hook(lambda _module, _inputs, outputs: seen.append(outputs[0].detach()))
    model.eval()(input_ids=ids, attention_mask=mask)
    expected = seen.pop()
    layer.train()
    torch.manual_seed(0)
    with quick(model), torch.no_grad():
        for _ in range(2000):
            model(input_ids=ids, attention_mask=mask)
    mean = torch.stack(seen).mean(dim=0)
    assert float(torch.stack(seen).std(dim=0).mean()) > 0.01  # something was dropped
    torch.testing.assert_close(mean[mask.bool()], expected[mask.bool()], rtol=0.05, atol=0.03)
