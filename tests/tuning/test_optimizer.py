"""What learns how fast, and from when on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from tests.tuning.test_fit import banking, finish, start, wait_for_checkpoint

import tunery
from tunery.models.base import load_base
from tunery.models.network import Network
from tunery.tasks import get
from tunery.tuning.optimizer import layers_joined, levels, parameter_groups
from tunery.tuning.recipe import Recipe


@pytest.fixture
def network(tiny_base: str) -> Network:
    made = load_base(tiny_base, get("text-classification", multi_label=False), ("a", "b")).network
    for parameter in made.fixed_parameters():
        parameter.requires_grad = False
    return made


def recipe(base: str, **settings: object) -> Recipe:
    return Recipe.of(None, None, {"base": base, "task": "text-classification", **settings})


def test_each_layer_learns_at_a_share_of_the_rate_above_it(network: Network, tiny_base: str) -> None:
    decaying = [name for name, _ in network.model.named_parameters() if name.endswith("dense.weight")]
    groups = parameter_groups(network, recipe(tiny_base, layer_decay=0.5), 0.1, decaying)
    rates = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    lower, upper = network.layers
    assert rates[id(network.linear.weight)] == 0.1
    assert {rates[id(parameter)] for parameter in upper.parameters()} == {0.05}
    assert {rates[id(parameter)] for parameter in lower.parameters()} == {0.025}
    assert rates[id(network.model.get_input_embeddings().weight)] == 0.0125
    assert len(rates) == sum(parameter.requires_grad for parameter in network.model.parameters())


def test_norms_and_biases_are_not_drawn_towards_zero(network: Network, tiny_base: str) -> None:
    decaying = [name for name, _ in network.model.named_parameters() if name.endswith("dense.weight")]
    drawn, left = parameter_groups(network, recipe(tiny_base, weight_decay=0.3), 0.1, decaying)
    assert (drawn["weight_decay"], left["weight_decay"]) == (0.3, 0.0)
    assert network.linear.bias is not None
    assert id(network.linear.bias) in {id(parameter) for parameter in left["params"]}


def test_a_levels_number_is_its_distance_from_the_head_whatever_learns(network: Network) -> None:
    for parameter in network.layers[1].parameters():
        parameter.requires_grad = False
    head, last, first, embeddings = levels(network)
    assert id(network.linear.weight) in {id(parameter) for parameter in head}
    assert not last
    assert {id(parameter) for parameter in first} == {id(parameter) for parameter in network.layers[0].parameters()}
    assert id(network.model.get_input_embeddings().weight) in {id(parameter) for parameter in embeddings}


@given(steps=st.integers(1, 500), waiting=st.integers(0, 30))
def test_layers_join_one_by_one_until_all_have(steps: int, waiting: int) -> None:
    joined = [layers_joined(step, steps, waiting) for step in range(steps + 2)]
    assert joined[0] == 0 or steps == 0
    assert joined == sorted(joined)
    assert joined[-1] == joined[-2] == waiting
    if steps > waiting:
        assert set(joined) == set(range(waiting + 1))


def test_layers_that_have_not_joined_stay_as_they_were(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    # With one step there is none left in which the layers below the last could learn.
    tunery.tune(
        banking(shared, train=60, dev=40), tiny_base, strategy="full", max_steps=1, warmup=0, unfreeze=1.0,
        learning_rate=1e-4, output=tmp_path / "model", head_start=False,
    )  # fmt: skip
    before = load_file(Path(tiny_base[5:]) / "model.safetensors")
    after = load_file(tmp_path / "model" / "model.safetensors")
    changed = {name for name in before if f"bert.{name}" in after and not before[name].equal(after[f"bert.{name}"])}
    assert any("layer.1" in name for name in changed)
    assert not any("layer.0" in name or "embeddings" in name for name in changed)


@pytest.mark.long
def test_killed_and_resumed_they_end_in_the_same_bits(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    settings = {"layer_decay": 0.8, "unfreeze": 0.9}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(shared, tiny_base, whole, settings=settings), whole)
    killed = start(shared, tiny_base, broken, settings=settings)
    wait_for_checkpoint(killed, broken)
    killed.kill()
    killed.wait()
    finish(start(shared, tiny_base, broken, resume=True, settings=settings), broken)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (broken, whole))
    assert all(ours[name].equal(theirs[name]) for name in ours)
