"""What a model says of rows that it did not learn from, for every row there is.

The rows are divided into folds. For each fold a linear probe on the frozen base model's features is fitted on all
others, and answers it. The features are computed once, so this takes one pass over the texts and seconds of fitting.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunery import progress
from tunery.data.dataset import labels_of
from tunery.errors import DataError, Problem
from tunery.i18n import _
from tunery.models.base import Base, load_base
from tunery.models.batching import lengths_of
from tunery.models.devices import place
from tunery.models.layers import layer_features
from tunery.tasks.base import Encoding, Logits, LossSettings, Task
from tunery.tasks.encoding import encoder_for
from tunery.tasks.token_classification import TokenClassification, WordScores
from tunery.tuning.linear import STRENGTHS, fit_linear, item_labels
from tunery.types import Example, Prediction

FOLDS = 5
_FEWEST = 2 * FOLDS
_ITEMS = 4000
"""Items, rows or words, on which the strength of the penalty is chosen."""
_PORTION = 256
"""Windows whose features are computed between two movements of the bar."""


@dataclass(frozen=True)
class OutOfFold:
    """Answers for labelled rows from models that learned from other rows.

    Attributes:
        labels: The labels of the rows.
        predictions: One for each row.
        words: For spans, how probable each label is for each word of each row; else None.
    """

    labels: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    words: tuple[WordScores, ...] | None


@dataclass(frozen=True)
class _Frozen:
    """The windows of all rows, and what a frozen base model makes of them.

    Attributes:
        encodings: The windows.
        values: Items x features.
        labels: Items, or items x outputs.
        owner: Items: which row each belongs to.
        ends: Windows: where the items of each end.
    """

    encodings: Sequence[Encoding]
    values: Tensor
    labels: Tensor
    owner: NDArray[np.int64]
    ends: NDArray[np.int64]


def out_of_fold(examples: Sequence[Example], base: str, task: Task, *, seed: int = 42) -> OutOfFold:
    """Answer each row with a linear probe that learned from other rows.

    Args:
        examples: Labelled rows.
        base: The base model's source.
        task: The task.
        seed: Decides the folds.

    Raises:
        DataError: A row has no label, or there are too few rows.
        SourceError: The base model can't be had.
        ModelError: It can't be used for the task.
    """
    _refuse(examples)
    labels = labels_of(examples)
    prepared = task.prepare(examples)
    loaded = load_base(base, prepared, labels)
    place(loaded.network.model)
    frozen = _frozen(loaded, prepared, examples, labels)
    logits = _logits(loaded, prepared, frozen, folds(examples, seed))
    windows: list[list[tuple[Encoding, Logits]]] = [[] for _example in examples]
    starts = np.concatenate([[0], frozen.ends[:-1]])
    for encoding, start, end in zip(frozen.encodings, starts, frozen.ends, strict=True):
        windows[encoding.row].append((encoding, logits[start:end]))
    rows = list(zip(examples, windows, strict=True))
    words = None
    if isinstance(prepared, TokenClassification):
        words = tuple(prepared.word_scores(example, own, labels) for example, own in rows)
    return OutOfFold(labels, tuple(prepared.decode(example, own, labels, 0.5) for example, own in rows), words)


def folds(examples: Sequence[Example], seed: int) -> NDArray[np.int64]:
    """Return the fold of each row: those of one target are spread evenly, and rows that belong together stay together.

    Rows with the same text are one: a probe that learned the wrong label from its double would confirm it. So are rows
    of one group or document.
    """
    number: dict[object, int] = {}
    keys: list[object] = [row.group or row.document or (row.text.casefold(), row.text_pair) for row in examples]
    member = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    kind = {key: str(row.target) for key, row in zip(keys, examples, strict=True)}
    order = np.random.default_rng(seed).permutation(len(number))
    kinds = [kind[key] for key in number]
    ranked = sorted(order.tolist(), key=lambda group: kinds[group])  # A stable sort: shuffled within each target.
    fold = np.zeros(len(number), dtype=np.int64)
    fold[ranked] = np.arange(len(number)) % FOLDS
    return fold[member]


def _refuse(examples: Sequence[Example]) -> None:
    unlabelled = sum(example.target is None for example in examples)
    if unlabelled:
        message = _("{n} of {rows} rows have no label.").format(n=unlabelled, rows=len(examples))
        raise DataError([Problem("error", "no-labels", message, _("Label them, or take them out."))])
    if len(examples) < _FEWEST:
        message = _("There are {rows} rows; cross-validation takes at least {needed}.").format(
            rows=len(examples), needed=_FEWEST
        )
        raise DataError([Problem("error", "too-few-rows", message, _("Label more rows first."))])


def _frozen(base: Base, task: Task, examples: Sequence[Example], labels: Sequence[str]) -> _Frozen:
    encodings = task.encode(examples, encoder_for(base.tokenizer, base.limit), labels)
    parts: list[NDArray[np.float32]] = []
    with progress.bar(_("Computing features"), sum(lengths_of(encodings))) as bar:
        for start in range(0, len(encodings), _PORTION):
            portion = encodings[start : start + _PORTION]
            found = dict(_features(base, task, portion))
            parts.extend(found[number] for number in range(len(portion)))
            bar.advance(sum(lengths_of(portion)))
    sizes = [len(part) for part in parts]
    values = torch.from_numpy(np.concatenate(parts))
    owner = np.repeat([encoding.row for encoding in encodings], sizes)
    return _Frozen(
        encodings, values, item_labels([one.labels for one in encodings], len(values)), owner, np.cumsum(sizes)
    )


def _features(base: Base, task: Task, encodings: Sequence[Encoding]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield each window's number and its features: what the last linear layer reads, or for words the mean of layers.

    The last layer of a sentence encoder knows what a text is about, and little of its single words. On 400 sentences of
    BC5CDR with a span left out or mislabelled in every twentieth, the mean of all layers of MiniLM put 60% of these
    among the first tenth, and the last layer 35%.
    """
    if not isinstance(task, TokenClassification):
        yield from base.network.features(encodings)
        return
    for number, layers in layer_features(base.network, encodings):
        yield number, layers.mean(axis=1)


def _logits(base: Base, task: Task, frozen: _Frozen, fold: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logits of every item from a probe that was fitted on the other folds."""
    fit = functools.partial(
        fit_linear, task, outputs=base.network.outputs, settings=LossSettings(), biased=base.network.biased
    )
    of_item = torch.from_numpy(fold[frozen.owner])
    strength = _strength(task, fit, frozen, of_item)
    logits = torch.zeros(len(frozen.values), base.network.outputs)
    for held in progress.track(range(FOLDS), _("Fitting on the other rows"), FOLDS):
        inside, outside = of_item != held, of_item == held
        weight, bias = fit(frozen.values[inside], frozen.labels[inside], strength=strength)
        logits[outside] = frozen.values[outside] @ weight.T + bias
    return logits.numpy()


def _strength(task: Task, fit: Callable[..., tuple[Tensor, Tensor]], frozen: _Frozen, of_item: Tensor) -> float:
    """Return how weak the penalty should be; what is best for the first fold, or a part of it, is for the others."""
    inside, outside = (torch.nonzero(part).flatten()[:_ITEMS] for part in (of_item != 0, of_item == 0))
    losses: dict[float, float] = {}
    for strength in STRENGTHS:
        weight, bias = fit(frozen.values[inside], frozen.labels[inside], strength=strength)
        answered = frozen.values[outside] @ weight.T + bias
        losses[strength] = float(task.loss(answered, {"labels": frozen.labels[outside]}, LossSettings()))
    return min(losses, key=lambda strength: losses[strength])
