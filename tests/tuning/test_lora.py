"""Adapters: they change nothing at first, learn, and are merged so that plain transformers gives the same answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.tuning.test_fit import banking, finish, start, wait_for_checkpoint

import tunery
from tunery.models import pooling
from tunery.models.base import load_base
from tunery.models.network import Network
from tunery.tasks import get
from tunery.tasks.base import Encoding
from tunery.tuning import adapter

WINDOWS = [Encoding(number, np.arange(101, 110 + number, dtype=np.int32)) for number in range(3)]


@pytest.fixture
def network(tiny_base: str) -> Network:
    return load_base(tiny_base, get("text-classification", multi_label=False), ("a", "b")).network


def answers(network: Network) -> np.ndarray:
    found = dict(network.logits(WINDOWS))
    return np.concatenate([found[number] for number in range(len(WINDOWS))])


def test_answers_are_the_same_before_they_learn_and_after_they_are_merged(network: Network) -> None:
    names = set(network.model.state_dict())
    plain = answers(network)
    adapter.insert(network, rank=4, alpha=8, dropout=0.0)
    assert np.array_equal(answers(network), plain)
    for name, parameter in network.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    learned = answers(network)
    assert not np.allclose(learned, plain, atol=1e-3)
    adapter.merge(network)
    assert np.allclose(answers(network), learned, atol=1e-4)
    assert set(network.model.state_dict()) == names


def test_attention_and_feed_forward_layers_get_one_and_what_only_averages_gets_none(network: Network) -> None:
    names = adapter.linear_names(network)
    assert len(names) == 2 * 6  # query, key, value, output, and two of the feed-forward network
    averaging = {id(module) for module in pooling.averaging_layer(network.model).modules()}
    assert not any(id(network.model.get_submodule(name)) in averaging for name in names)


def test_a_run_leaves_plain_weights_and_the_adapters_where_they_are_wanted(
    shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    from peft import PeftModel

    data = banking(shared, train=60, dev=40)
    model = tunery.tune(
        data, tiny_base, strategy="lora", max_steps=6, warmup=0, head_start=False, adapter="keep",
        output=tmp_path / "model",
    )  # fmt: skip
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert not any("lora" in name or "base_layer" in name for name in weights)
    base = load_base(tiny_base, model.task, model.labels).network
    PeftModel.from_pretrained(base.model, str(tmp_path / "model" / "adapter"), adapter_name="default")
    adapter.merge(base)
    name = "bert.encoder.layer.0.attention.self.query.weight"
    before = load_file(Path(tiny_base[5:]) / "model.safetensors")[name.removeprefix("bert.")]
    assert torch.allclose(base.model.state_dict()[name], weights[name], atol=1e-6)
    assert not before.equal(weights[name])


@pytest.mark.long
def test_killed_and_resumed_it_ends_in_the_same_bits(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    settings = {"strategy": "lora"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(shared, tiny_base, whole, settings=settings), whole)
    killed = start(shared, tiny_base, broken, settings=settings)
    wait_for_checkpoint(killed, broken)
    killed.kill()
    killed.wait()
    finish(start(shared, tiny_base, broken, resume=True, settings=settings), broken)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (broken, whole))
    assert all(ours[name].equal(theirs[name]) for name in ours)
