"""Mean pooling inside stock architectures.

A text's mean token vector is a far better feature than its first token's where the base model was trained that way (all
sentence encoders are), but the classification heads of BERT and RoBERTa read the first token. Here the mean is put
where they read: one more layer of the stock kind, with weights chosen so that it only averages. Queries and keys are
zero, so attention is uniform over the text; values are passed on, scaled up so far that the residual connection no
longer matters; layer normalisation then takes the scale away. The feed-forward half is zero. The dense layer of the
head becomes a gentle identity. The folder stays one that plain transformers loads, with the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

MARK = "tunery_pooling"
"""Set to ``mean`` in the configuration of a model whose last layer only averages."""

_SCALE = 1024.0
"""How much larger the mean is than the residual: 0.1% of it remains."""
_SLOPE = 0.25
"""Keeps normalised features within the nearly straight part of tanh."""

# Where each architecture keeps the dense layer between the first token and the last linear layer.
_DENSE = {
    "bert": "bert.pooler.dense",
    "roberta": "classifier.dense",
    "xlm-roberta": "classifier.dense",
    "camembert": "classifier.dense",
}
_NATIVE = ("modernbert",)


def supports_mean(model_type: str) -> bool:
    """Return whether this architecture can pool by mean."""
    return model_type in _DENSE or model_type in _NATIVE


def configure(config: PretrainedConfig) -> None:
    """Change a base model's configuration so that it has mean pooling; weights follow with `install`."""
    if config.model_type in _NATIVE:
        config.classifier_pooling = "mean"
    else:
        config.num_hidden_layers += 1
        setattr(config, MARK, "mean")


def is_installed(config: PretrainedConfig) -> bool:
    """Return whether the last layer only averages."""
    return getattr(config, MARK, None) == "mean"


@torch.no_grad()
def install(model: PreTrainedModel) -> None:
    """Give the last layer and the dense layer of the head the weights that average."""
    layer = averaging_layer(model)
    width = model.config.hidden_size
    for parameter in layer.parameters():
        parameter.zero_()
    for norm in (module for module in layer.modules() if isinstance(module, nn.LayerNorm)):
        norm.weight.fill_(1.0)
    attention = cast(nn.Module, layer.attention)
    identity = torch.eye(width)
    cast(nn.Linear, attention.get_submodule("self.value")).weight.copy_(identity)
    cast(nn.Linear, attention.get_submodule("output.dense")).weight.copy_(identity * _SCALE)
    dense = cast(nn.Linear, model.get_submodule(_DENSE[model.config.model_type]))
    dense.weight.copy_(identity * _SLOPE)
    dense.bias.zero_()


def shorten(model: PreTrainedModel) -> None:
    """Let the layer that averages compute the mean directly, and for the first token only: the head reads no other.

    The answers are the same up to the rounding of float32; what plain transformers does stays as it is.
    """
    layer = averaging_layer(model)
    layer.forward = _Mean(layer)


class _Mean:
    """The forward of `averaging_layer` written out for weights that `install` made."""

    def __init__(self, layer: nn.Module) -> None:
        self._norms = [module for module in layer.modules() if isinstance(module, nn.LayerNorm)]

    def __call__(self, hidden: Tensor, attention_mask: Tensor | None = None, *_: object, **__: object) -> Tensor:
        if attention_mask is None:
            mean = hidden.mean(dim=1, keepdim=True)
        else:
            # Rows x keys, or rows x heads x queries x keys; padding is the same for all heads and queries.
            mask = attention_mask[:, None].bool() if attention_mask.dim() == 2 else attention_mask[:, 0, :1]
            share = mask.to(hidden.dtype) if mask.dtype == torch.bool else mask.exp()
            mean = (share / share.sum(dim=-1, keepdim=True)) @ hidden
        first = hidden[:, :1] + _SCALE * mean
        for norm in self._norms:
            first = norm(first)
        return first


def averaging_layer(model: PreTrainedModel) -> nn.Module:
    """Return the layer that only averages; it never learns."""
    layers = cast(nn.ModuleList, model.base_model.get_submodule("encoder.layer"))
    return layers[-1]
