"""A transformers model seen as its parts: layers, head, and the last linear layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.models import memory, pooling
from tunery.models.batching import batches_by_length, lengths_of, of_window, pad
from tunery.models.lower import Lower, Reached
from tunery.tasks.base import Encoding, Logits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PROCESSOR_TOKENS, _GPU_TOKENS = 1024, 16384
"""Tokens in a batch when nothing is learned: what keeps a processor's caches warm and its memory in few pieces,
and what keeps a GPU busy."""


def inference_tokens(device: torch.device) -> int:
    """Return how many tokens, with padding, a batch should hold when nothing is learned."""
    return _PROCESSOR_TOKENS if device.type == "cpu" else _GPU_TOKENS


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
        self._lower: Lower | None = None

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
        if found := self.known_layers():
            return found
        raise ModelError(
            _("The layers of {name} can't be told apart.").format(name=type(self.model).__name__),
            _("Use the strategy full, head or probe with this base model."),
        )

    def known_layers(self) -> Sequence[nn.Module]:
        """Return the layers, or none where the architecture doesn't keep them apart (ALBERT shares one among all)."""
        count = self.model.config.num_hidden_layers
        for module in self.model.base_model.modules():
            if isinstance(module, nn.ModuleList) and len(module) == count:
                layers = list(module)
                return layers[:-1] if pooling.is_installed(self.model.config) else layers
        return []

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

    def learns_below_head(self) -> bool:
        """Return whether anything below the head learns."""
        return any(parameter.requires_grad for module in self._body() for parameter in module.parameters())

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Yield what stands on top of the last layer: a pooler, a final norm, the head itself."""
        below = {id(parameter) for module in self._body() for parameter in module.parameters()}
        yield from (parameter for parameter in self.model.parameters() if id(parameter) not in below)

    def frozen_depth(self) -> int:
        """Return how many of the lowest layers, with the embeddings below them, don't learn."""
        layers = self.known_layers()
        if any(parameter.requires_grad for module in self.below(0) for parameter in module.parameters()):
            return 0
        learning = (number for number, layer in enumerate(layers) if any(p.requires_grad for p in layer.parameters()))
        return next(learning, len(layers))

    def below(self, depth: int) -> list[nn.Module]:
        """Return the embeddings and the lowest ``depth`` layers."""
        layers = self.known_layers()
        return [*layers[:depth], *(module for module in self._body() if module not in layers)]

    def leave_out(self, depth: int) -> None:
        """Run without the lowest ``depth`` layers wherever a batch brings what they gave (``hidden``)."""
        embeddings = dict(self.model.base_model.named_children()).get("embeddings")
        self._lower = Lower(embeddings, self.layers[:depth])

    def forward(self, batch: Mapping[str, Tensor], model: nn.Module | None = None) -> Tensor:
        """Return the logits of a batch.

        Args:
            batch: ``input_ids``, ``attention_mask`` and, where the lowest layers are left out, ``hidden``.
            model: The model as something else has wrapped it (for several GPUs); by default the model itself.
        """
        inputs = dict(batch)
        hidden = inputs.pop("hidden", None)
        given = nullcontext() if hidden is None or self._lower is None else self._lower.given(hidden)
        with given:
            logits: Tensor = (model or self.model)(**inputs).logits
        return logits

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

    def divide_logits(self, temperature: float) -> None:
        """Divide the logits by ``temperature`` for good, in the weights of the last linear layer."""
        with torch.no_grad():
            self.linear.weight.div_(temperature)
            if self.biased:
                self.linear.bias.div_(temperature)

    def logits(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and its logits (positions x outputs, or 1 x outputs), like lengths together."""
        yield from self._run(encodings, features=False)

    def features(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and what the last linear layer is given for it (positions x features)."""
        yield from self._run(encodings, features=True)

    def hidden(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield each encoding's number and what the layers to be left out give for it (tokens x width)."""
        assert self._lower is not None  # noqa: S101 - after `leave_out`
        with self._lower.caught() as found:

            def run(batch: Mapping[str, Tensor]) -> Tensor:
                found.clear()
                with suppress(Reached):
                    self.model(**batch)
                return found[0]

            for number, values in self._in_batches(encodings, run):
                yield number, values[: len(encodings[number])]

    def _run(self, encodings: Sequence[Encoding], *, features: bool) -> Iterator[tuple[int, NDArray[np.float32]]]:
        seen: list[Tensor] = []

        def run(batch: Mapping[str, Tensor]) -> Tensor:
            seen.clear()
            logits = self.forward(batch)
            return seen[-1] if features else logits

        hook = self.linear.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            for number, values in self._in_batches(encodings, run):
                yield number, of_window(values, encodings[number])
        finally:
            hook.remove()

    def _in_batches(
        self, encodings: Sequence[Encoding], run: Callable[[Mapping[str, Tensor]], Tensor]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield each encoding's number and its row of what ``run`` gives; batches halve as memory asks."""
        nn.Module.eval(self.model)
        waiting = batches_by_length(lengths_of(encodings), inference_tokens(self.device))[::-1]
        while waiting:
            batch = waiting.pop()
            try:
                with torch.inference_mode():
                    outputs = run(pad([encodings[number] for number in batch], self.pad_id, self.device))
            except RuntimeError as error:
                if len(batch) == 1 or not memory.ran_out(error):
                    raise
                memory.give_back()
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
                continue
            yield from zip(batch, outputs.float().cpu().numpy(), strict=True)

    def _body(self) -> Iterator[nn.Module]:
        layers = self.known_layers()
        yield from layers or self.model.base_model.children()
        if pooling.is_installed(self.model.config):
            yield pooling.averaging_layer(self.model)
        yield self.model.get_input_embeddings()
        for name, module in self.model.base_model.named_children():
            if "embed" in name:
                yield module
