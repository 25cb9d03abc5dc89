"""What learns how fast, and from when on: layers seen from the head downwards."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

from tunery.models.network import Network
from tunery.tuning.recipe import Recipe

Group = dict[str, Any]
"""A parameter group as torch's optimisers take it."""


def levels(network: Network) -> list[list[nn.Parameter]]:
    """Return the parameters that learn by their place: the head, the layers from the last to the first, the rest.

    Levels in which nothing learns are left in, empty, so that a level's number is its distance from the head.
    """
    parts = [list(network.head_parameters()), *(list(layer.parameters()) for layer in reversed(network.layers))]
    placed = {id(parameter) for part in parts for parameter in part}
    parts.append([parameter for parameter in network.model.parameters() if id(parameter) not in placed])
    return [[parameter for parameter in part if parameter.requires_grad] for part in parts]


def parameter_groups(network: Network, recipe: Recipe, learning_rate: float, decaying: Collection[str]) -> list[Group]:
    """Return what learns in groups of one learning rate and one weight decay.

    With a ``layer_decay`` below 1 each layer learns at that share of the rate of the one above it (Howard & Ruder
    2018): what lies deep is general, and few examples should not change it much.

    Args:
        network: Its parameters that require a gradient learn.
        recipe: Gives ``layer_decay`` and ``weight_decay``.
        learning_rate: The head's.
        decaying: Names of the parameters that are drawn towards zero; norms and biases are not.
    """
    drawn = {id(parameter) for name, parameter in network.model.named_parameters() if name in decaying}
    learning = [parameter for parameter in network.model.parameters() if parameter.requires_grad]
    parts = [learning] if recipe.layer_decay == 1.0 else levels(network)
    groups: list[Group] = []
    for distance, part in enumerate(parts):
        rate = learning_rate * recipe.layer_decay**distance
        for chosen, decay in ((True, recipe.weight_decay), (False, 0.0)):
            members = [parameter for parameter in part if (id(parameter) in drawn) == chosen]
            if members:
                groups.append({"params": members, "lr": rate, "weight_decay": decay})
    return groups


class Unfreezing(TrainerCallback):
    """Lets the head and the last layer learn first and the others join from the top (Howard & Ruder 2018).

    Which layers learn is worked out from the number of the step alone, so that a resumed run goes on as it would have.

    Args:
        network: Everything in it that will ever learn requires a gradient when training begins.
        steps: The number of updates after which all of it learns.
        frozen: Kept up to date with the modules in which nothing learns at the moment.
    """

    def __init__(self, network: Network, steps: int, frozen: list[nn.Module]) -> None:
        self._network = network
        self._steps = steps
        self._frozen = frozen
        below_head = [part for part in levels(network)[1:] if part]
        self._waiting = below_head[1:]
        self._joined: int | None = None

    @override
    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        joined = layers_joined(state.global_step, self._steps, len(self._waiting))
        if joined == self._joined:
            return
        self._joined = joined
        for number, part in enumerate(self._waiting):
            for parameter in part:
                parameter.requires_grad = number < joined
        self._frozen[:] = self._network.frozen_modules()


def layers_joined(step: int, steps: int, waiting: int) -> int:
    """Return how many of the ``waiting`` layers learn at a step: evenly spaced, all of them from ``steps`` on."""
    return waiting if step >= steps else step * (waiting + 1) // steps
