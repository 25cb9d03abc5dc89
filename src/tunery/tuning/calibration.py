"""Scores into probabilities, by what dev shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tunery.models.manifest import Calibration
from tunery.models.model import Answerer
from tunery.tasks import loss
from tunery.tasks.base import Encoding, Logits, LossSettings, Task
from tunery.tasks.scoring import scores_of
from tunery.types import Example

_ENOUGH = 50
"""Decisions on dev below which nothing is fitted: a handful of rows would only add noise."""
_THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


def fit_temperature(task: Task, encodings: Sequence[Encoding], logits: dict[int, Logits]) -> float:
    """Return the temperature that minimises the task's loss on dev (Guo et al. 2017, one parameter, L-BFGS)."""
    labelled = [number for number, encoding in enumerate(encodings) if encoding.labels.size]
    values = torch.from_numpy(np.concatenate([logits[number] for number in labelled]) if labelled else np.zeros((0, 1)))
    several = bool(labelled) and encodings[labelled[0]].labels.dtype == np.float32
    stack = np.stack if several else np.concatenate
    labels = (
        torch.from_numpy(np.asarray(stack([encodings[number].labels for number in labelled]))) if labelled else None
    )
    if labels is None or len(values) < _ENOUGH:
        return 1.0
    labels = labels.float() if several else labels.long()
    if not several and not (labels != loss.IGNORED).any():
        return 1.0
    return _minimise(task, values.float(), labels)


def _minimise(task: Task, values: Tensor, labels: Tensor) -> float:
    log_temperature = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        value = task.loss(values / log_temperature.exp(), {"labels": labels}, LossSettings())
        torch.autograd.backward(value)
        return float(value.detach())

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    temperature = float(log_temperature.detach().exp())
    return temperature if 0.05 < temperature < 20 else 1.0


def choose_threshold(
    answerer: Answerer, examples: Sequence[Example], encodings: Sequence[Encoding], logits: dict[int, Logits]
) -> float:
    """Return the probability from which one of several labels is given: the best on dev by the task's own score."""
    before = answerer.threshold
    found: dict[float, float] = {}
    known = [example for example in examples if isinstance(example.target, tuple)]
    if len(known) < _ENOUGH:
        return before
    for threshold in _THRESHOLDS:
        answerer.threshold = threshold
        predictions = list(answerer.decode(examples, encodings, logits))
        scores = scores_of(answerer.task, answerer.labels, examples, predictions)
        found[threshold] = scores[answerer.task.metric]
    answerer.threshold = before
    return max(found, key=lambda threshold: found[threshold])


def calibrate(
    answerer: Answerer, examples: Sequence[Example], encodings: Sequence[Encoding]
) -> tuple[Calibration, dict[str, float]]:
    """Fit temperature and threshold on dev and put them into the weights and the answerer.

    Returns:
        What was fitted, and the metrics on dev with it.
    """
    logits = dict(answerer.network.logits(encodings))
    temperature = fit_temperature(answerer.task, encodings, logits)
    answerer.network.divide_logits(temperature)
    scaled = {number: values / np.float32(temperature) for number, values in logits.items()}
    if getattr(answerer.task, "multi_label", False):
        answerer.threshold = choose_threshold(answerer, examples, encodings, scaled)
    predictions = list(answerer.decode(examples, encodings, scaled))
    found = scores_of(answerer.task, answerer.labels, examples, predictions)
    return Calibration(temperature=temperature, threshold=answerer.threshold), found
