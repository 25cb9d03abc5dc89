"""What a predictor got right and wrong, row by row, and the scores that follow from it.

Scores are functions of counts, and counts add up over rows. So a tally keeps them by row: a bootstrap then only has to
weigh the rows anew, and two predictors can be compared on the very same resamples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """Counts of a predictor's decisions on some rows.

    Attributes:
        labels: The labels that are counted, in the order of the columns.
        true_positives: Rows x labels: decisions for the label that were right.
        false_positives: Rows x labels: decisions for the label that were wrong.
        false_negatives: Rows x labels: places where the label was missed.
        correct: Rows: decisions that were right, whatever the label.
        decisions: Rows: all decisions (one a text, one a token), the denominator of accuracy.
    """

    labels: tuple[str, ...]
    true_positives: Counts
    false_positives: Counts
    false_negatives: Counts
    correct: Counts
    decisions: Counts

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def support(self) -> NDArray[np.int64]:
        """How often each label occurs in the right answers."""
        return np.asarray((self.true_positives + self.false_negatives).sum(axis=0), dtype=np.int64)

    def take(self, rows: NDArray[np.integer]) -> Tally:
        """Return the tally of the rows with these numbers, in their order."""
        return Tally(
            self.labels,
            self.true_positives[rows],
            self.false_positives[rows],
            self.false_negatives[rows],
            self.correct[rows],
            self.decisions[rows],
        )


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with 0 where nothing was counted (what scikit-learn calls ``zero_division=0``)."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator != 0)


def f1_score(true_positives: Floats, false_positives: Floats, false_negatives: Floats) -> Floats:
    """Return F1 from counts of any shape."""
    return divide(2.0 * true_positives, 2.0 * true_positives + false_positives + false_negatives)


@dataclass(frozen=True)
class Totals:
    """The counts of a tally summed over its rows, once for each resample: all that scores depend on.

    Attributes:
        true_positives: Resamples x labels.
        false_positives: Resamples x labels.
        false_negatives: Resamples x labels.
        correct: Resamples.
        decisions: Resamples.
    """

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    correct: Floats
    decisions: Floats

    @property
    def occurs(self) -> NDArray[np.bool_]:
        """Resamples x labels: whether the label occurs in the right answers or in the predictions."""
        return np.asarray((self.true_positives + self.false_positives + self.false_negatives) > 0)

    def label_scores(self) -> dict[str, Floats]:
        """Return ``precision``, ``recall`` and ``f1``, each an array of resamples x labels."""
        counts = (self.true_positives, self.false_positives, self.false_negatives)
        return {"precision": _precision(*counts), "recall": _recall(*counts), "f1": f1_score(*counts)}

    def scores(self) -> dict[str, Floats]:
        """Return accuracy and the averaged scores; see `scores`."""
        tp, fp, fn = self.true_positives, self.false_positives, self.false_negatives
        result = {"accuracy": divide(self.correct, self.decisions)}
        total = (tp.sum(axis=1), fp.sum(axis=1), fn.sum(axis=1))
        support, occurs = tp + fn, self.occurs
        per_label = self.label_scores()
        for name, of in (("precision", _precision), ("recall", _recall), ("f1", f1_score)):
            values = per_label[name]
            result[f"micro_{name}"] = of(*total)
            result[f"macro_{name}"] = divide((values * occurs).sum(axis=1), occurs.sum(axis=1).astype(np.float64))
            result[f"weighted_{name}"] = divide((values * support).sum(axis=1), support.sum(axis=1))
        return result


def totals(tally: Tally, weights: NDArray[np.generic] | None = None) -> Totals:
    """Sum a tally over its rows.

    Args:
        tally: The counts.
        weights: Resamples x rows, how often each row counts in each resample; by default every row once.
    """
    rows = np.ones((1, len(tally))) if weights is None else np.asarray(weights, dtype=np.float64)
    return Totals(
        rows @ tally.true_positives,
        rows @ tally.false_positives,
        rows @ tally.false_negatives,
        rows @ tally.correct,
        rows @ tally.decisions,
    )


def scores(tally: Tally, weights: NDArray[np.generic] | None = None) -> dict[str, Floats]:
    """Return accuracy and the averaged scores.

    Args:
        tally: The counts.
        weights: As for `totals`.

    Returns:
        ``accuracy`` and ``{micro,macro,weighted}_{precision,recall,f1}``, each an array with one value a resample.
        Macro averages go over the labels that occur in the right answers or in the predictions, as scikit-learn's do.
    """
    return totals(tally, weights).scores()


def label_scores(tally: Tally, weights: NDArray[np.generic] | None = None) -> dict[str, Floats]:
    """Return ``precision``, ``recall`` and ``f1``, each an array of resamples x labels."""
    return totals(tally, weights).label_scores()


def metrics(tallies: Mapping[str, Tally], weights: NDArray[np.generic] | None = None) -> dict[str, Floats]:
    """Return the metrics of a task under their names in reports.

    Args:
        tallies: What `Task.tallies` gives. The one without a name gives all that `scores` returns; one that is called
            ``entity`` gives its micro average as ``entity_precision``, ``entity_recall`` and ``entity_f1``.
        weights: As for `totals`.
    """
    return metrics_of({name: totals(tally, weights) for name, tally in tallies.items()})


def metrics_of(sums: Mapping[str, Totals]) -> dict[str, Floats]:
    """Return the metrics that follow from the sums of a task's tallies; see `metrics`."""
    result: dict[str, Floats] = {}
    for name, total in sums.items():
        found = total.scores()
        if name:
            result |= {f"{name}_{kind}": found[f"micro_{kind}"] for kind in ("precision", "recall", "f1")}
        else:
            result |= found
    return result


def _precision(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    del fn
    return divide(tp, tp + fp)


def _recall(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    del fp
    return divide(tp, tp + fn)
