"""The scores of some predictions, as tuning and export go by them."""

from __future__ import annotations

from collections.abc import Sequence

from tunery.data.dataset import labels_of
from tunery.tasks.base import Task
from tunery.tasks.tally import metrics
from tunery.types import Example, Prediction


def scores_of(
    task: Task, labels: Sequence[str], examples: Sequence[Example], predictions: Sequence[Prediction]
) -> dict[str, float]:
    """Return the metrics of some predictions; labels that the model doesn't know count as missed.

    Args:
        task: The task, prepared.
        labels: The labels that the model knows.
        examples: Rows with their right answers.
        predictions: One for each.
    """
    extra = sorted(set(labels_of(examples)) - set(labels))
    tallies = task.tallies(examples, predictions, (*labels, *extra))
    return {name: float(values[0]) for name, values in metrics(tallies).items()}
