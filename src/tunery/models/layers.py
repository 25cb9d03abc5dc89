"""What every layer of a base model makes of a text, rather than only the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunery.models import pooling
from tunery.models.batching import batches_by_length, pad
from tunery.models.network import Network, inference_tokens
from tunery.tasks.base import Encoding


def layer_features(network: Network, encodings: Sequence[Encoding]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield each encoding's number and its features of every layer, the embeddings first.

    For encodings with positions, a vector for each of them (positions x layers x width); for others the mean of all
    tokens (1 x layers x width).
    """
    nn.Module.eval(network.model)
    for batch in batches_by_length([len(encoding) for encoding in encodings], inference_tokens(network.device)):
        members = [encodings[number] for number in batch]
        states = _states(network, members)
        for place, (number, encoding) in enumerate(zip(batch, members, strict=True)):
            own = states[place, : len(encoding)]
            if len(encoding.positions):
                own = own[torch.from_numpy(encoding.positions.astype(np.int64)).to(own.device)]
            else:
                own = own.mean(dim=0, keepdim=True)
            yield number, own.float().cpu().numpy()


def _states(network: Network, members: Sequence[Encoding]) -> Tensor:
    """Return rows x tokens x layers x width."""
    with torch.inference_mode():
        inputs = pad(members, network.pad_id, network.device)
        states = network.model.base_model(**inputs, output_hidden_states=True).hidden_states
    # The layer that only averages for the head is none of the base model's.
    own = states[:-1] if pooling.is_installed(network.model.config) else states
    return torch.stack(own, dim=2)
