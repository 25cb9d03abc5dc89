"""Which processor a model runs on."""

from __future__ import annotations

import torch
from torch import nn


def best_device() -> torch.device:
    """Return the GPU where there is one (NVIDIA, AMD or Apple), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def place(model: nn.Module, device: torch.device | None = None) -> None:
    """Move a model's weights to ``device``, by default the best there is."""
    nn.Module.to(model, device or best_device())
