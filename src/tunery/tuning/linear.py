"""A linear model on frozen features, fitted to its optimum by L-BFGS on the task's own loss."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from tunery import progress
from tunery.i18n import _
from tunery.models.batching import lengths_of
from tunery.tasks.base import Encoding, LossSettings, Task
from tunery.tuning.encoded import Encodings

if TYPE_CHECKING:
    from tunery.tuning.run import Run

STRENGTHS = (3.0, 30.0, 300.0)
"""Inverse strengths of the L2 penalty that are tried, in scikit-learn's sense of ``C`` on features of norm 1."""
_HELD_OUT = 0.15
"""Share of the rows on which the strength is chosen."""
_ITERATIONS = 100
_PORTION = 256
"""Windows between two looks at the clock."""
_KEPT = "probe.safetensors"
"""The fitted probe, among an interrupted run's files."""


@dataclass(frozen=True)
class Features:
    """What the frozen network gives its last linear layer.

    Attributes:
        values: Items x features.
        labels: Items, or items x outputs, as the task's loss takes them.
        owner: Each item's row.
    """

    values: Tensor
    labels: Tensor
    owner: NDArray[np.int64]


@dataclass
class HeadStarts:
    """What the probes of several runs on the same windows and base model share, by how many layers are left out.

    Features don't depend on how errors are weighed: a run that weighs them in another way only fits anew. The number of
    layers counts because leaving them out changes the last bits, and each run must be what it would be by itself.
    """

    features: dict[int, Features] = field(default_factory=dict)
    fitted: dict[tuple[int, LossSettings], tuple[Tensor, Tensor]] = field(default_factory=dict)


def fit_probe(run: Run, encodings: Sequence[Encoding], seconds: float | None = None) -> tuple[Tensor, Tensor]:
    """Fit the last linear layer on what the frozen network gives it, and keep it as the run's "before".

    Args:
        run: The run.
        encodings: The windows of train to fit it on.
        seconds: Take no further windows after so much time.

    Returns:
        Weight (outputs x features) and bias (outputs).
    """
    kept = run.work / _KEPT
    if run.resume and kept.is_file():
        return _kept_probe(run, kept)
    shared = run.head_starts or HeadStarts()
    depth = run.network.frozen_depth()
    if depth not in shared.features:
        shared.features = {depth: _features(run, encodings, seconds)}  # Only the last: they can be large.
    features, settings = shared.features[depth], run.loss_settings
    if (depth, settings) not in shared.fitted:
        shared.fitted[depth, settings] = _fit_best(run, features, settings)
    weight, bias = shared.fitted[depth, settings]
    run.probe = (weight.contiguous(), bias.contiguous())
    run.probe_rows = len(np.unique(features.owner))
    part = kept.with_suffix(".part")  # It appears under its name when it is whole.
    save_file({"weight": weight.contiguous(), "bias": bias.contiguous()}, part, {"rows": str(run.probe_rows)})
    part.replace(kept)
    return weight, bias


def _fit_best(run: Run, features: Features, settings: LossSettings) -> tuple[Tensor, Tensor]:
    """Fit with the strength that is best on rows held out."""
    values, labels = features.values, features.labels
    held_out = np.isin(features.owner, _held_out_rows(features.owner, run.recipe.seed))
    fit = functools.partial(
        fit_linear, run.task, outputs=run.network.outputs, settings=settings, biased=run.network.biased
    )
    best = STRENGTHS[0]
    if held_out.any() and not held_out.all():
        inside, other = torch.from_numpy(~held_out), torch.from_numpy(held_out)
        losses = {}
        for strength in STRENGTHS:
            weight, bias = fit(values[inside], labels[inside], strength=strength)
            logits = values[other] @ weight.T + bias
            losses[strength] = float(run.task.loss(logits, {"labels": labels[other]}, LossSettings()))
        best = min(losses, key=lambda strength: losses[strength])
    return fit(values, labels, strength=best)


def _kept_probe(run: Run, path: Path) -> tuple[Tensor, Tensor]:
    """Return the probe that an interrupted run had fitted already."""
    with safe_open(path, "pt") as file:
        weight, bias = file.get_tensor("weight"), file.get_tensor("bias")
        run.probe_rows = int(file.metadata()["rows"])
    run.probe = (weight, bias)
    return weight, bias


def fit_linear(
    task: Task, features: Tensor, labels: Tensor, *, outputs: int, strength: float, settings: LossSettings,
    biased: bool = True,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Minimise the task's loss plus an L2 penalty.

    Args:
        task: Gives the loss.
        features: Rows x features.
        labels: Rows, or rows x outputs, as the task's loss takes them.
        outputs: How many outputs there are.
        strength: Inverse strength of the penalty (``C``), for features scaled to a mean norm of 1.
        settings: Label smoothing and class weights.
        biased: Whether the layer that this is for has a bias; without one, features are not centred either.

    Returns:
        Weight (outputs x features) and bias (outputs), for features as they are.
    """
    centre = features.mean(dim=0) if biased else torch.zeros(features.shape[1])
    scale = (features - centre).norm(dim=1).mean().clamp_min(1e-6)
    inputs = (features - centre) / scale
    weight = torch.zeros(outputs, features.shape[1], requires_grad=True)
    bias = torch.zeros(outputs, requires_grad=biased)
    optimizer = torch.optim.LBFGS(
        [weight, bias] if biased else [weight],
        max_iter=_ITERATIONS,
        history_size=10,
        tolerance_grad=1e-5,
        line_search_fn="strong_wolfe",
    )
    penalty = 0.5 / (strength * len(features))

    def closure() -> float:
        optimizer.zero_grad()
        loss = task.loss(inputs @ weight.T + bias, {"labels": labels}, settings) + penalty * weight.square().sum()
        torch.autograd.backward(loss)
        return float(loss.detach())

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        plain = weight / scale
        return plain.detach(), (bias - plain @ centre).detach()


def sample_rows(encodings: Encodings, rows: int, tokens: int) -> Sequence[Encoding]:
    """Return the windows of some rows, taken evenly over the data: at most ``rows``, and about ``tokens`` tokens."""
    total = int(encodings.rows[-1]) + 1
    affordable = int(total * tokens / max(1, int(encodings.lengths.sum())))
    count = min(rows, max(affordable, 1))
    if total <= count:
        return encodings
    chosen = np.linspace(0, total - 1, count).round().astype(int)
    return [encodings[number] for number in np.flatnonzero(np.isin(encodings.rows, chosen)).tolist()]


def _features(run: Run, encodings: Sequence[Encoding], seconds: float | None) -> Features:
    """Run the frozen network over the windows.

    The windows are taken in a random order, so that those reached within ``seconds`` stand for all.
    """
    order = np.random.default_rng(run.recipe.seed).permutation(len(encodings))
    parts: list[NDArray[np.float32]] = []
    taken: list[Encoding] = []
    started = time.monotonic()
    with progress.bar(_("Computing features"), sum(lengths_of(encodings))) as bar:
        for start in range(0, len(order), _PORTION):
            portion = [encodings[number] for number in order[start : start + _PORTION]]
            found = {}
            for number, values in run.network.features(portion):
                found[number] = values
                bar.advance(len(portion[number]))
            parts.extend(found[number] for number in range(len(portion)))
            taken.extend(portion)
            if seconds is not None and time.monotonic() - started > seconds:
                break
    features = torch.from_numpy(np.concatenate(parts))
    owner = np.repeat([encoding.row for encoding in taken], [len(part) for part in parts])
    return Features(features, item_labels([encoding.labels for encoding in taken], len(features)), owner)


def item_labels(parts: Sequence[NDArray[np.generic]], items: int) -> Tensor:
    """Return the labels of windows in a row, as a task's loss takes them: items, or items x outputs."""
    labels = np.concatenate(parts)
    flat = labels.reshape(items, -1)
    if flat.shape[1] == 1 and np.issubdtype(flat.dtype, np.integer):
        return torch.from_numpy(flat[:, 0].astype(np.int64))
    return torch.from_numpy(flat)


def _held_out_rows(owner: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    rows = np.unique(owner)
    count = int(len(rows) * _HELD_OUT)
    return np.random.default_rng(seed).choice(rows, size=count, replace=False)
