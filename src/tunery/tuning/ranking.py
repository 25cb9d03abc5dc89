"""Which base model is nearest to a task, found out without tuning any.

A sample of train goes once through each frozen base model. What its layers make of the sample is scored against the
labels, and its speed on this machine is measured on the way.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from tunery import progress
from tunery.errors import DataError, Problem, TuneryError
from tunery.i18n import _
from tunery.models.base import Base, load_base, weights_in
from tunery.models.devices import place
from tunery.models.layers import layer_features
from tunery.models.origin import read_card
from tunery.screen import Readable
from tunery.sources import fetch
from tunery.tasks.base import Encoding, LossSettings, Task
from tunery.tasks.encoding import encoder_for
from tunery.tuning.batches import TokenBudgetSampler, collate
from tunery.tuning.schedule import batch_tokens, usual_epochs
from tunery.tuning.strategies.full import Full
from tunery.tuning.transferability import Floats, h_score, held_out, log_me
from tunery.types import Example

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tunery.data.dataset import Dataset

_ROWS, _TOKENS = 1000, 16_000
"""What goes through each base model, at most."""
_ITEMS = 3000
"""Words that are scored, at most: more change a score less than another sample would."""


@dataclass(frozen=True)
class Candidate:
    """A base model and how near it is to the task.

    Attributes:
        base: Its source.
        score: What it is ranked by: the share of the labels' variance that a linear model on its best layer explains on
            rows held out. None where the base model can't be used.
        log_me: LogME of the features averaged over layers.
        h_score: H-score of the same.
        parameters: How many it has, without a head.
        licence: As its folder says; None where it doesn't.
        languages: As its folder says.
        tokens_per_second: How fast it answers on this machine.
        rows_per_second: The same in rows of this data.
        tuning_seconds: How long tuning it in full with the defaults would take on this machine.
        error: Why it can't be used.
    """

    base: str
    score: float | None = None
    log_me: float | None = None
    h_score: float | None = None
    parameters: int | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()
    tokens_per_second: float | None = None
    rows_per_second: float | None = None
    tuning_seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class _Scores:
    held_out: float
    log_me: float
    h_score: float


@dataclass(frozen=True)
class Ranking(Readable):
    """Base models by how near they are to a task, the nearest first and those that can't be used last.

    Printed by rich it has colours; ``str()`` is the same without; a notebook shows it by itself.

    Attributes:
        task: The task.
        rows: How many rows of train were looked at, at most.
        candidates: The base models.
        seconds: How long it took.
    """

    width: ClassVar[int] = 120

    task: str
    rows: int
    candidates: tuple[Candidate, ...] = field(default=())
    seconds: float = 0.0

    @property
    def best(self) -> Candidate | None:
        """The nearest; None where none can be used."""
        first = self.candidates[0] if self.candidates else None
        return first if first is not None and first.error is None else None

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        return {
            "task": self.task,
            "rows": self.rows,
            "seconds": round(self.seconds, 2),
            "best": None if self.best is None else self.best.base,
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Ranking:
        """Return the ranking that `to_dict` wrote."""
        found = (Candidate(**{**one, "languages": tuple(one["languages"])}) for one in values["candidates"])
        return cls(values["task"], values["rows"], tuple(found), values["seconds"])

    def __rich__(self) -> RenderableType:
        from tunery.tuning.ranking_table import overview

        return overview(self)


def rank(data: Dataset, bases: Sequence[str], task: Task, seed: int = 42) -> Ranking:
    """Rank base models by how near they are to a task.

    Args:
        data: Only train is looked at.
        bases: Sources of base models.
        task: The task.
        seed: Decides which rows of train are looked at.

    Raises:
        DataError: Train is missing or has no labels.
    """
    started = time.monotonic()
    labelled = [example for example in data.get("train", ()) if example.target is not None]
    if not labelled or not data.labels:
        hint = _("Load it with tunery.load_data, and label some rows first.")
        raise DataError([Problem("error", "no-labels", _("No row of train has a label."), hint)])
    sample = _sample(labelled, seed)
    prepared = task.prepare(labelled)
    found = [
        _candidate(base, prepared, data.labels, sample, len(labelled), seed)
        for base in progress.track(dict.fromkeys(bases), _("Ranking base models"), len(set(bases)))
    ]
    found.sort(key=lambda one: (one.score is None, -(one.score or 0.0)))
    return Ranking(task.name, len(sample), tuple(found), time.monotonic() - started)


def _sample(examples: Sequence[Example], seed: int) -> list[Example]:
    """Return some rows in a random order, so that any beginning of them stands for all."""
    chosen = np.random.default_rng(seed).permutation(len(examples))[:_ROWS]
    return [examples[number] for number in chosen.tolist()]


def _within(encodings: Sequence[Encoding], tokens: int) -> list[Encoding]:
    """Return as many windows from the beginning as have ``tokens`` tokens, and at least one."""
    ends = np.cumsum([len(encoding) for encoding in encodings])
    return list(encodings[: max(1, int(np.searchsorted(ends, tokens, side="right")))])


def _candidate(
    uri: str, task: Task, labels: Sequence[str], sample: Sequence[Example], rows: int, seed: int
) -> Candidate:
    """Measure one base model; one that can't be used must not cost the user what is known of the others."""
    try:
        card = read_card(weights_in(fetch(uri, kind="model").path)[0])
        base = load_base(uri, task, labels)
        place(base.network.model)
        measured = _measure(base, task, labels, sample, rows, seed)
        return replace(measured, base=uri, licence=card.licence, languages=card.languages)
    except TuneryError as error:
        return Candidate(uri, error=error.message)


def _measure(
    base: Base, task: Task, labels: Sequence[str], sample: Sequence[Example], rows: int, seed: int
) -> Candidate:
    encodings = task.encode(sample, encoder_for(base.tokenizer, base.limit), labels)
    encodings = _within([encoding for encoding in encodings if encoding.labels.size], _TOKENS)
    read = len({encoding.row for encoding in encodings})
    tokens = sum(len(encoding) for encoding in encodings)
    features, seconds = _features(base, encodings)
    scores = _scores(features, encodings, seed)
    return Candidate(
        base.uri,
        score=scores.held_out,
        log_me=scores.log_me,
        h_score=scores.h_score,
        parameters=_parameters(base),
        tokens_per_second=tokens / seconds,
        rows_per_second=read / seconds,
        tuning_seconds=_tuning_seconds(base, task, encodings, rows / read),
    )


def _parameters(base: Base) -> int:
    """Count the base model's own, without the head and the layer that only averages for it."""
    added = sum(parameter.numel() for parameter in base.network.fixed_parameters())
    return sum(parameter.numel() for parameter in base.network.model.base_model.parameters()) - added


def _features(base: Base, encodings: Sequence[Encoding]) -> tuple[NDArray[np.float32], float]:
    """Return what every layer makes of the sample (items x layers x width), and the seconds it took."""
    dict(layer_features(base.network, encodings[:1]))  # The first time is always slow.
    started = time.perf_counter()
    found = dict(layer_features(base.network, encodings))
    seconds = time.perf_counter() - started
    return np.concatenate([found[number] for number in range(len(encodings))]), seconds


def _scores(features: NDArray[np.float32], encodings: Sequence[Encoding], seed: int) -> _Scores:
    """Score the features of every layer, and of all of them averaged, on at most `_ITEMS` items."""
    owner = np.repeat([encoding.row for encoding in encodings], [_items(encoding) for encoding in encodings])
    known, targets = _targets(encodings)
    places = np.sort(np.random.default_rng(seed).permutation(len(known))[:_ITEMS])
    chosen, wanted = known[places], targets[places]
    layers = [_normalised(features[chosen, layer]) for layer in range(features.shape[1])]
    average = _normalised(np.mean(layers, axis=0))
    return _Scores(
        held_out=max(held_out(layer, wanted, owner[chosen], seed) for layer in (*layers, average)),
        log_me=log_me(average, wanted - wanted.mean(axis=0)),
        h_score=h_score(average, wanted),
    )


def _normalised(features: NDArray[np.floating]) -> Floats:
    """Return features around 0 with a mean square of 1.

    Vectors of contrastively trained encoders all point into a narrow cone, and layers differ in scale: without this the
    layer with the longest vectors would decide an average, and the direction that all share every score.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    return np.asarray(centred / max(float(np.sqrt((centred**2).mean())), 1e-12))


def _items(encoding: Encoding) -> int:
    return len(encoding.positions) or 1


def _targets(encodings: Sequence[Encoding]) -> tuple[NDArray[np.int64], Floats]:
    """Return which items have labels, and these items' labels as columns of 0 and 1 (one for each label there is)."""
    if encodings[0].labels.dtype == np.float32:
        hot = np.stack([encoding.labels for encoding in encodings]).astype(np.float64)
        return np.arange(len(hot)), hot[:, hot.any(axis=0)]
    labels = np.concatenate([encoding.labels for encoding in encodings]).astype(np.int64)
    known = np.flatnonzero(labels >= 0)
    _, column = np.unique(labels[known], return_inverse=True)
    return known, np.eye(int(column.max(initial=0)) + 1)[column]


def _tuning_seconds(base: Base, task: Task, encodings: Sequence[Encoding], share: float) -> float:
    """Return how long full tuning would take, from the time of one update.

    Args:
        base: The base model; its weights change.
        task: Gives the loss.
        encodings: The sample.
        share: How many times larger train is than the sample.
    """
    total = sum(len(encoding) for encoding in encodings) * share
    tokens = batch_tokens(int(total))
    sampler = TokenBudgetSampler([len(encoding) for encoding in encodings], tokens, None, 0)
    per_epoch = max(1.0, len(sampler) * share)
    batches = sorted(sampler, key=lambda batch: len(encodings[batch[0]]))
    middle = [encodings[number] for number in batches[len(batches) // 2]]
    seconds = _update_seconds(base, task, middle)
    return usual_epochs(Full, per_epoch) * per_epoch * seconds


def _update_seconds(base: Base, task: Task, batch: Sequence[Encoding]) -> float:
    """Time one update of all weights, after one to warm up."""
    model = base.network.model.train()
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-8, fused=True)
    inputs = {name: value.to(base.network.device) for name, value in collate(batch, base.network.pad_id).items()}
    labels = {"labels": inputs.pop("labels")}
    seconds = 0.0
    for _round in range(2):
        started = time.perf_counter()
        torch.autograd.backward(task.loss(model(**inputs).logits, labels, LossSettings()))
        optimizer.step()
        optimizer.zero_grad()
        seconds = time.perf_counter() - started
    return seconds
