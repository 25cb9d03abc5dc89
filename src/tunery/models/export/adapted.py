"""Models that kept their adapters: the base model as a body with room for adapters, and the adapter beside it.

So all models with adapters on the same base share one body, whatever they were tuned to.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import Tensor, nn

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.models.adapters import DOWN, UP
from tunery.models.base import load_base
from tunery.models.exported import ADAPTER
from tunery.models.model import Model
from tunery.models.network import Network

KEPT = "adapter"
"""Where a model folder has its adapters, in peft's format."""
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."


class Room:
    """What the linear layers of a body add to their outputs, for the time of one pass."""

    def __init__(self) -> None:
        self.which: Tensor | None = None
        self.down: list[Tensor] = []
        self.up: list[Tensor] = []


class AdaptedLinear(nn.Module):
    """A linear layer with room for adapters.

    Args:
        linear: The layer.
        room: Where the adapters are in a pass.
        number: Which of the adapted layers this is.
    """

    def __init__(self, linear: nn.Linear, room: Room, number: int) -> None:
        super().__init__()
        self.linear = linear
        self._room = room
        self.number = number

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs (rows x length x outputs) with each row's own adapter added."""
        which, down, up = self._room.which, self._room.down[self.number], self._room.up[self.number]
        inner = torch.matmul(inputs, down[which].transpose(1, 2))
        outputs: Tensor = self.linear(inputs)
        return outputs + torch.matmul(inner, up[which].transpose(1, 2))


def kept(folder: Path) -> bool:
    """Return whether the model in ``folder`` kept its adapters."""
    return (folder / KEPT / _WEIGHTS).is_file()


def base_with_room(model: Model) -> tuple[Network, Room, list[str]]:
    """Return the base model of ``model`` with room for adapters, and the names of the layers that have it.

    Raises:
        SourceError: The base model can't be had any more.
        ModelError: The adapters don't fit it.
    """
    manifest = model.manifest
    network = load_base(manifest.base.source, model.task, model.labels).network
    names = sorted({name.rpartition(".lora_")[0] for name in _weights(model.folder)})
    room = Room()
    for number, name in enumerate(names):
        try:
            linear = network.model.get_submodule(name)
        except AttributeError:
            linear = nn.Identity()
        if not isinstance(linear, nn.Linear):
            raise ModelError(
                _("The adapters in {folder} don't fit its base model: there is no layer {name}.").format(
                    folder=model.folder / KEPT, name=name
                ),
                _("Remove that folder to export the model with its adapters merged."),
            )
        network.model.set_submodule(name, AdaptedLinear(linear, room, number))
    return network, room, names


def write_adapter(folder: Path, names: list[str], target: Path) -> None:
    """Write the adapters of the model in ``folder`` as a body takes them."""
    weights = _weights(folder)
    config = json.loads((folder / KEPT / _CONFIG).read_text(encoding="utf-8"))
    scale = float(config["lora_alpha"]) / float(config["r"])
    values = {}
    for number, name in enumerate(names):
        values[DOWN.format(number)] = weights[f"{name}.lora_A.weight"].float().numpy()
        values[UP.format(number)] = (weights[f"{name}.lora_B.weight"].float() * scale).numpy()
    save_file(values, target / ADAPTER)


def _weights(folder: Path) -> dict[str, Tensor]:
    return {
        name.removeprefix(_PREFIX): value for name, value in load_file(folder / KEPT / _WEIGHTS).items()
    }  # fmt: skip
