"""A transformers model seen as its parts: layers, head, and the last linear layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.models import pooling
from tunery.models.batching import batches_by_length, pad
from tunery.tasks.base import Encoding, Logits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

INFERENCE_TOKENS = 4096
"""Tokens in a batch when nothing is learned: large enough for full speed, small enough for a laptop."""


class Network:
    """A base model with a head.

    Args:
        model: A transformers model for sequence or token classification.
        outputs: How many outputs its head has.
        pad_id: The token that fills up short windows.
    """

    def __init__(self, model: PreTrainedModel, outputs: int, pad_id: int) -> None:
        self.model = model
        self.outputs = outputs
        self.pad_id = pad_id

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def width(self) -> int:
        """The size of a token's vector."""
        return int(self.model.config.hidden_size)

    @property
    def layers(self) -> Sequence[nn.Module]:
        """The base model's layers, from the first to the last."""
        count = self.model.config.num_hidden_layers
        for module in self.model.base_model.modules():
            if isinstance(module, nn.ModuleList) and len(module) == count:
                layers = list(module)
                return layers[:-1] if pooling.is_installed(self.model.config) else layers
        raise ModelError(
            _("The layers of {name} can't be told apart.").format(name=type(self.model).__name__),
            _("Use the strategy full, head or probe with this base model."),
        )

    @property
    def linear(self) -> nn.Linear:
        """The last linear layer, whose outputs are the logits."""
        backbone = {id(module) for module in self.model.base_model.modules()}
        found = [
            module
            for module in self.model.modules()
            if isinstance(module, nn.Linear) and module.out_features == self.outputs and id(module) not in backbone
        ]
        if not found:
            raise ModelError(
                _("The head of {name} does not end in a linear layer.").format(name=type(self.model).__name__),
                _("Choose a base model of another architecture, for example BERT or RoBERTa."),
            )
        return found[-1]

    @property
    def biased(self) -> bool:
        """Whether the last linear layer has a bias; some architectures give it none."""
        return isinstance(self.linear.bias, nn.Parameter)

    def fixed_parameters(self) -> Iterator[nn.Parameter]:
        """Yield what never learns, whatever the strategy: the layer that only averages."""
        if pooling.is_installed(self.model.config):
            yield from pooling.averaging_layer(self.model).parameters()

    def frozen_modules(self) -> list[nn.Module]:
        """Return the parts below the head in which nothing learns: they run without dropout, as when answering."""
        return [module for module in self._body() if not any(p.requires_grad for p in module.parameters())]

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Yield what stands on top of the last layer: a pooler, a final norm, the head itself."""
        below = {id(parameter) for module in self._body() for parameter in module.parameters()}
        yield from (parameter for parameter in self.model.parameters() if id(parameter) not in below)

    def set_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Give the last linear layer its values.

        Args:
            weight: Outputs x features.
            bias: Outputs.
        """
        linear = self.linear
        with torch.no_grad():
            linear.weight.copy_(weight)
            if self.biased:
                linear.bias.copy_(bias)

    def logits(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and its logits (positions x outputs, or 1 x outputs), like lengths together."""
        yield from self._run(encodings, features=False)

    def features(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and what the last linear layer is given for it (positions x features)."""
        yield from self._run(encodings, features=True)

    def _run(self, encodings: Sequence[Encoding], *, features: bool) -> Iterator[tuple[int, NDArray[np.float32]]]:
        seen: list[Tensor] = []
        hook = self.linear.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        nn.Module.eval(self.model)
        try:
            for batch in batches_by_length([len(encoding) for encoding in encodings], INFERENCE_TOKENS):
                members = [encodings[number] for number in batch]
                seen.clear()
                with torch.inference_mode():
                    logits = self.model(**pad(members, self.pad_id, self.device)).logits
                values = (seen[-1] if features else logits).float().cpu().numpy()
                for place, (number, encoding) in enumerate(zip(batch, members, strict=True)):
                    yield number, _of_window(values[place], encoding)
        finally:
            hook.remove()

    def _body(self) -> Iterator[nn.Module]:
        yield from self.layers
        if pooling.is_installed(self.model.config):
            yield pooling.averaging_layer(self.model)
        yield self.model.get_input_embeddings()
        for name, module in self.model.base_model.named_children():
            if "embed" in name:
                yield module


def _of_window(values: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float32]:
    """Return the rows that count of a window's outputs."""
    if values.ndim == 1:
        return values[None, :]
    if len(encoding.positions):
        return np.asarray(values[encoding.positions])
    return values[None, len(encoding) - 1]  # Decoders have a vector for every token, and read a text at its last.
