"""The order of training: batches of like length, filled to a budget of tokens, shuffled anew every epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from tunery.models.batching import batches_by_length, pad
from tunery.tasks import loss
from tunery.tasks.base import Encoding


class Windows(Dataset[Encoding]):
    """Encodings as torch's data loader wants them."""

    def __init__(self, encodings: Sequence[Encoding]) -> None:
        self._encodings = encodings

    def __len__(self) -> int:
        return len(self._encodings)

    def __getitem__(self, index: int) -> Encoding:
        return self._encodings[index]


class TokenBudgetSampler(Sampler[list[int]]):
    """Yields batches of row numbers.

    Rows of equal length change places at random and batches come in random order, but the lengths within each batch are
    the same in every epoch: so every epoch has the same number of batches, and a schedule can be made in advance.

    Args:
        lengths: The length of each row in tokens.
        max_tokens: Tokens in a batch, padding included.
        max_rows: Rows in a batch, at most.
        seed: Together with the epoch, decides the order.
    """

    def __init__(
        self, lengths: Sequence[int] | NDArray[np.int64], max_tokens: int, max_rows: int | None, seed: int
    ) -> None:
        self._lengths = np.asarray(lengths)
        self.max_tokens = max_tokens
        self._max_rows = max_rows
        self._seed = seed
        self._epoch = 0
        self._count = len(self._batches(0))

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        yield from self._batches(self._epoch)

    def _batches(self, epoch: int) -> list[list[int]]:
        generator = np.random.default_rng((self._seed, epoch))
        order = np.lexsort((generator.random(len(self._lengths)), self._lengths)).tolist()
        batches = batches_by_length(self._lengths.tolist(), self.max_tokens, self._max_rows, order)
        return [batches[number] for number in generator.permutation(len(batches))]


def collate(encodings: Sequence[Encoding], pad_id: int) -> Mapping[str, torch.Tensor]:
    """Return a batch: ``input_ids``, ``attention_mask`` and ``labels``.

    Labels are rows x longest for encodings with positions (`loss.IGNORED` everywhere else), rows for one class a row,
    and rows x outputs for several.
    """
    batch = pad(encodings, pad_id)
    if encodings[0].labels.dtype == np.float32:
        batch["labels"] = torch.from_numpy(np.stack([encoding.labels for encoding in encodings]))
    elif len(encodings[0].positions):
        labels = torch.full(batch["input_ids"].shape, loss.IGNORED, dtype=torch.int64)
        for row, encoding in enumerate(encodings):
            labels[row, torch.from_numpy(encoding.positions.astype(np.int64))] = torch.from_numpy(
                encoding.labels.astype(np.int64)
            )
        batch["labels"] = labels
    else:
        batch["labels"] = torch.from_numpy(np.concatenate([encoding.labels for encoding in encodings]).astype(np.int64))
    return batch
