"""Low-rank adapters (Hu et al. 2022): put into a network, merged into its weights, or written beside them."""

from __future__ import annotations

from pathlib import Path

from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import nn

from tunery.models.network import Network

_PREFIX = "base_model.model."
"""What peft puts before every name in an adapter's file."""


def linear_names(network: Network) -> list[str]:
    """Return the names of all linear layers of attention and feed-forward networks, below the head.

    The layer that only averages is not among them: it never learns.
    """
    inside = {id(module) for layer in network.layers for module in layer.modules()}
    return [
        name
        for name, module in network.model.named_modules()
        if isinstance(module, nn.Linear) and id(module) in inside
    ]  # fmt: skip


def insert(network: Network, *, rank: int, alpha: int, dropout: float) -> None:
    """Put an adapter beside every linear layer of ``network``; until it has learned it changes nothing.

    Args:
        network: Its model is changed in place.
        rank: The inner size of an adapter.
        alpha: An adapter's output counts ``alpha / rank`` times.
        dropout: Share of an adapter's inputs dropped while learning.
    """
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=linear_names(network))
    inject_adapter_in_model(config, network.model)


def write(network: Network, base: str, folder: Path) -> None:
    """Write the adapters of ``network`` in peft's format, to be put onto the base model again."""
    config: LoraConfig = vars(network.model)["peft_config"]["default"]
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(str(folder))
    weights = get_peft_model_state_dict(network.model, adapter_name="default", save_embedding_layers=False)
    tensors = {
        f"{_PREFIX}{name.removeprefix(_PREFIX)}": value.detach().cpu().contiguous() for name, value in weights.items()
    }
    save_file(tensors, folder / "adapter_model.safetensors")


def merge(network: Network) -> None:
    """Add what the adapters learned to the layers beside them, and leave plain layers."""
    for name, module in list(network.model.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            network.model.set_submodule(name, module.get_base_layer())
    vars(network.model).pop("peft_config", None)
