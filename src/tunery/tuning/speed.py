"""How fast this machine is with a base model and the data at hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tunery.models.batching import batches_by_length
from tunery.tuning.batches import collate

if TYPE_CHECKING:
    from tunery.tuning.run import Run

_BATCH_TOKENS = 1024
_SAMPLED = 4
"""Batches that are timed, from the shortest windows to the longest."""


@dataclass(frozen=True)
class Speed:
    """What a machine does in a second.

    Attributes:
        forward: Tokens that it reads when nothing learns.
        learning: Tokens that it learns from when everything learns, forward and backward.
    """

    forward: float
    learning: float


def measure_speed(run: Run) -> Speed:
    """Time some batches of train; weights, gradients and random state stay as they were."""
    batches = batches_by_length(run.train.lengths.tolist(), _BATCH_TOKENS)
    chosen = [batches[number] for number in np.linspace(0, len(batches) - 1, _SAMPLED).astype(int)]
    tokens = sum(int(run.train.lengths[batch].sum()) for batch in chosen)
    learns = [parameter.requires_grad for parameter in run.network.model.parameters()]
    _pass(run, chosen[0], learning=True)  # The first pass of all is slower than any other.
    with torch.random.fork_rng():
        forward = sum(_pass(run, batch, learning=False) for batch in chosen)
        learning = sum(_pass(run, batch, learning=True) for batch in chosen)
    for parameter, before in zip(run.network.model.parameters(), learns, strict=True):
        parameter.requires_grad = before
    run.network.model.zero_grad(set_to_none=True)
    return Speed(tokens / forward, tokens / learning)


def _pass(run: Run, batch: Sequence[int], *, learning: bool) -> float:
    """Return the seconds that a batch takes."""
    network = run.network
    network.model.train(learning)
    for parameter in network.model.parameters():
        parameter.requires_grad = learning
    inputs = {
        name: value.to(network.device)
        for name, value in collate([run.train[number] for number in batch], network.pad_id).items()
    }
    labels = inputs.pop("labels")
    started = time.perf_counter()
    with torch.set_grad_enabled(learning):
        loss = run.task.loss(network.forward(inputs), {"labels": labels}, run.loss_settings)
        if learning:
            torch.autograd.backward(loss)
        float(loss.detach())  # Waits for a GPU.
    return time.perf_counter() - started
