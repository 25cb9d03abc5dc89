"""Batches of like length, filled to a budget of tokens: padding is work for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunery.tasks.base import Encoding

if TYPE_CHECKING:
    import torch


def batches_by_length(
    lengths: Sequence[int], max_tokens: int, max_rows: int | None = None, order: Sequence[int] | None = None
) -> list[list[int]]:
    """Cut rows, sorted by length, into batches of at most ``max_tokens`` tokens with padding.

    Args:
        lengths: The length of each row in tokens.
        max_tokens: Rows times longest row, at most; a longer single row is a batch of its own.
        max_rows: Rows, at most.
        order: Rows by length, where the caller has its own order among rows of equal length.

    Returns:
        Batches of row numbers; every row is in exactly one. The longest come first, so that lack of memory shows soon.
    """
    if order is None:
        order = np.argsort(np.asarray(lengths), kind="stable").tolist()
    batches: list[list[int]] = []
    batch: list[int] = []
    for row in reversed(order):
        longest = lengths[batch[0]] if batch else lengths[row]
        if batch and (longest * (len(batch) + 1) > max_tokens or len(batch) == max_rows):
            batches.append(batch)
            batch = []
        batch.append(row)
    return [*batches, batch] if batch else batches


def lengths_of(encodings: Sequence[Encoding]) -> Sequence[int]:
    """Return the length of each encoding in tokens."""
    known: NDArray[np.int64] | None = getattr(encodings, "lengths", None)
    return [len(encoding) for encoding in encodings] if known is None else known.tolist()


def pad_arrays(encodings: Sequence[Encoding], pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return token ids and attention mask (1 for tokens, 0 for padding), both rows x longest."""
    longest = max(len(encoding) for encoding in encodings)
    ids = np.full((len(encodings), longest), pad_id, dtype=np.int64)
    mask = np.zeros((len(encodings), longest), dtype=np.int64)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding)] = encoding.input_ids
        mask[row, : len(encoding)] = 1
    return ids, mask


def of_window(values: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float32]:
    """Return the rows that count of what a network gave for a window: positions x outputs, or 1 x outputs."""
    if values.ndim == 1:
        return values[None, :]
    if len(encoding.positions):
        return np.asarray(values[encoding.positions])
    return values[None, len(encoding) - 1]  # Decoders have a vector for every token, and read a text at its last.


def pad(encodings: Sequence[Encoding], pad_id: int, device: torch.device | None = None) -> dict[str, torch.Tensor]:
    """Return ``input_ids`` and ``attention_mask`` (both rows x longest) as the model takes them.

    Where it is known what the lowest layers gave, ``hidden`` (rows x longest x width) comes with them.
    """
    import torch

    ids, mask = pad_arrays(encodings, pad_id)
    batch: dict[str, NDArray[np.generic]] = {"input_ids": ids, "attention_mask": mask}
    if (known := encodings[0].hidden) is not None:
        hidden = np.zeros((*ids.shape, known.shape[1]), dtype=np.float32)
        for row, encoding in enumerate(encodings):
            hidden[row, : len(encoding)] = encoding.hidden
        batch["hidden"] = hidden
    return {name: torch.from_numpy(values).to(device) for name, values in batch.items()}
