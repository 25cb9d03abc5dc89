"""What a split holds in numbers: rows, labels and their counts, lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tunery.data.dataset import Dataset, Split
from tunery.types import Example, Span

CountTokens = Callable[[Sequence[str]], list[int]]
"""Returns the length of each text in a base model's tokens."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the rows of a split are, and how many exceed a limit.

    Attributes:
        median: The length that half of the rows don't exceed.
        p95: The length that 95% of the rows don't exceed.
        max: The longest.
        limit: The limit, where there is one.
        over_limit: How many rows exceed it.
        first_over_limit: The first row that does, counted from 0.
    """

    median: float
    p95: float
    max: int
    limit: int | None = None
    over_limit: int = 0
    first_over_limit: int | None = None

    @classmethod
    def of(cls, lengths: Sequence[int], limit: int | None = None) -> Lengths:
        """Sum up the lengths of some rows."""
        if not lengths:
            return cls(0.0, 0.0, 0, limit)
        median, p95 = (float(value) for value in np.percentile(lengths, (50, 95)))
        over = [] if limit is None else [row for row, length in enumerate(lengths) if length > limit]
        return cls(median, p95, max(lengths), limit, len(over), over[0] if over else None)


@dataclass(frozen=True, slots=True)
class SplitStatistics:
    """A split in numbers.

    Attributes:
        name: ``train``, ``dev`` or ``test``.
        file: Where it was read from.
        rows: How many rows it has.
        unlabelled: Rows for which no answer is known.
        without: Rows whose answer is that there is nothing: no label of several, no span.
        labels: Rows with each label (for spans: spans), the most frequent first.
        characters: Lengths in characters.
        tokens: Lengths in a base model's tokens, where one was given.
    """

    name: str
    file: str | None
    rows: int
    unlabelled: int
    without: int
    labels: dict[str, int]
    characters: Lengths
    tokens: Lengths | None = None


def statistics(dataset: Dataset, count_tokens: CountTokens | None, limit: int | None) -> dict[str, SplitStatistics]:
    """Return each split in numbers."""
    return {name: _of(split, count_tokens, limit) for name, split in dataset.items()}


def labels_in(example: Example) -> tuple[str, ...]:
    """Return the labels of a row as often as they are given: a label for each span."""
    if example.target is None:
        return ()
    if isinstance(example.target, str):
        return (example.target,)
    return tuple(item.label if isinstance(item, Span) else item for item in example.target)


def _of(split: Split, count_tokens: CountTokens | None, limit: int | None) -> SplitStatistics:
    return SplitStatistics(
        name=split.name,
        file=split.file,
        rows=len(split),
        unlabelled=sum(example.target is None for example in split),
        without=sum(example.target == () for example in split),
        labels=_counts(label for example in split for label in labels_in(example)),
        characters=Lengths.of([len(example.text) + len(example.text_pair or "") for example in split]),
        tokens=None if count_tokens is None else Lengths.of(_tokens(split, count_tokens), limit),
    )


def _counts(labels: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items(), key=lambda item: (-item[1], item[0])))


def _tokens(split: Split, count_tokens: CountTokens) -> list[int]:
    lengths = count_tokens([example.text for example in split])
    paired = [row for row, example in enumerate(split) if example.text_pair is not None]
    for row, length in zip(paired, count_tokens([split[row].text_pair or "" for row in paired]), strict=True):
        lengths[row] += length
    return lengths
