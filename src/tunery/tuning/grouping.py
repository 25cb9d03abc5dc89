"""Batches of groups of texts of one class, in which groups that are hard to tell apart stand together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

_POOL = 64
"""Batches for which neighbours are looked for among each other, so that the work grows with their number alone."""
_CHANCE = 0.1
"""How much chance counts beside nearness, in units of cosine; with nothing but nearness the same groups always meet."""


def batch_count(labels: Labels, groups: int, per_class: int) -> int:
    """Return how many batches `grouped_batches` gives."""
    of_classes = -(-np.bincount(labels) // per_class)
    return int(-(-of_classes.sum() // groups))


def grouped_batches(
    labels: Labels, features: NDArray[np.float32], groups: int, per_class: int, seed: Sequence[int]
) -> list[list[int]]:
    """Return an epoch's batches: every row once, in groups of rows of one class, near groups in one batch.

    Texts that are easily told apart teach nothing; so each batch has a group taken by chance and those nearest to it
    by the cosine of their mean features, with some chance added. The work is linear in the number of rows: no pairs of
    rows are ever listed, and groups are compared within portions of a fixed size.

    Args:
        labels: Each row's class.
        features: Rows x features.
        groups: Groups in a batch; those of one class are near each other, too.
        per_class: Rows in a group, at most.
        seed: Decides the order.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    parts = [rows[at : at + per_class] for rows in np.split(order, cuts) for at in range(0, len(rows), per_class)]
    generator.shuffle(parts)
    means = _unit(np.stack([_unit(features[rows]).mean(axis=0) for rows in parts]))
    batches = []
    for start in range(0, len(parts), groups * _POOL):
        left = np.arange(start, min(start + groups * _POOL, len(parts)))
        while len(left):
            nearness = means[left] @ means[left[0]] + generator.gumbel(scale=_CHANCE, size=len(left))
            nearness[0] = np.inf
            chosen = np.argsort(-nearness, kind="stable")[:groups]
            batches.append([row for number in left[chosen] for row in parts[number].tolist()])
            left = np.delete(left, chosen)
    generator.shuffle(batches)
    return batches


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to length 1."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
