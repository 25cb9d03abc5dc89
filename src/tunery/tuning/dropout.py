"""Dropout that costs little on a processor.

Torch draws one random number an element there, one after the other, and a tenth of a training step goes into it. Here
one draw of 64 bits decides eight elements: the share that is dropped is one of 256, and what is kept is scaled up by
that share, so that the mean is right. The draws come from torch's own generator, so seeds and resumed runs behave as
ever.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

_NAME = "tunery_quick_dropout"
_LEVELS = 1 << 8
"""How finely 8 bits tell probabilities apart."""


def drop(values: Tensor, share: float) -> Tensor:
    """Return ``values`` with about ``share`` of them zero and the others scaled up for it; the mean stays."""
    count = values.numel()
    levels = min(max(1, round(_LEVELS * (1.0 - share))), _LEVELS - 1)
    bits = torch.empty((count + 7) // 8, dtype=torch.int64).random_(-(1 << 63), None)
    kept = bits.view(torch.int8)[:count] < levels - _LEVELS // 2
    return values * kept.view(values.shape).to(values.dtype).mul_(_LEVELS / levels)


@contextmanager
def quick(model: PreTrainedModel) -> Iterator[None]:
    """Let a model on a processor use `drop`, in its modules and in its attention, within the block."""
    if model.device.type != "cpu":
        yield
        return
    modules = [module for module in model.modules() if type(module) is nn.Dropout]
    before = model.config._attn_implementation
    for module in modules:
        module.forward = functools.partial(_forward, module)  # type: ignore[method-assign]
    if before == "sdpa":
        AttentionInterface.register(_NAME, _attention)
        AttentionMaskInterface.register(_NAME, sdpa_mask)
        model.config._attn_implementation = _NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before
        for module in modules:
            del module.forward


def _forward(module: nn.Dropout, values: Tensor) -> Tensor:
    return drop(values, module.p) if module.training and 0.0 < module.p < 1.0 else values


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    dropout: float = 0.0, scaling: float | None = None, is_causal: bool | None = None, **others: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Scaled dot-product attention as transformers calls it; torch's own wherever nothing is dropped."""
    causal = getattr(module, "is_causal", False) if is_causal is None else is_causal
    if not dropout or causal or key.shape != query.shape or others.get("position_bias") is not None:
        found: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, is_causal=is_causal, **others
        )
        return found
    scores = (query * (scaling or query.shape[-1] ** -0.5)) @ key.transpose(-1, -2)
    if attention_mask is not None:
        unseen = attention_mask.dtype == torch.bool
        scores = scores.masked_fill(~attention_mask, -torch.inf) if unseen else scores + attention_mask
    weights = drop(scores.softmax(dim=-1), dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None
