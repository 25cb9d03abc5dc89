"""What a predictor got right and wrong, row by row, and the scores that follow from it.

Scores are functions of counts, and counts add up over rows. So a tally keeps them by row: a bootstrap then only has to
weigh the rows anew, and two predictors can be compared on the very same resamples.
"""

from __future__ import annotations

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


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with 0 where nothing was counted (what scikit-learn calls ``zero_division=0``)."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator != 0)


def f1_score(true_positives: Floats, false_positives: Floats, false_negatives: Floats) -> Floats:
    """Return F1 from counts of any shape."""
    return divide(2.0 * true_positives, 2.0 * true_positives + false_positives + false_negatives)


def scores(tally: Tally, weights: NDArray[np.generic] | None = None) -> dict[str, Floats]:
    """Return accuracy and the averaged scores.

    Args:
        tally: The counts.
        weights: Resamples x rows, how often each row counts in each resample; by default every row once.

    Returns:
        ``accuracy`` and ``{micro,macro,weighted}_{precision,recall,f1}``, each an array with one value a resample.
        Macro averages go over the labels that occur in the right answers or in the predictions, as scikit-learn's do.
    """
    rows = np.ones((1, len(tally))) if weights is None else np.asarray(weights, dtype=np.float64)
    tp, fp, fn = (rows @ counts for counts in (tally.true_positives, tally.false_positives, tally.false_negatives))
    result = {"accuracy": divide(rows @ tally.correct, rows @ tally.decisions)}
    total = tuple(counts.sum(axis=1) for counts in (tp, fp, fn))
    present = (tp + fp + fn) > 0
    for name, of in (("precision", _precision), ("recall", _recall), ("f1", f1_score)):
        per_label = of(tp, fp, fn)
        result[f"micro_{name}"] = of(*total)
        result[f"macro_{name}"] = divide((per_label * present).sum(axis=1), present.sum(axis=1).astype(np.float64))
        result[f"weighted_{name}"] = divide((per_label * (tp + fn)).sum(axis=1), (tp + fn).sum(axis=1))
    return result


def label_scores(tally: Tally, weights: NDArray[np.generic] | None = None) -> dict[str, Floats]:
    """Return ``precision``, ``recall`` and ``f1``, each an array of resamples x labels."""
    rows = np.ones((1, len(tally))) if weights is None else np.asarray(weights, dtype=np.float64)
    tp, fp, fn = (rows @ counts for counts in (tally.true_positives, tally.false_positives, tally.false_negatives))
    return {"precision": _precision(tp, fp, fn), "recall": _recall(tp, fp, fn), "f1": f1_score(tp, fp, fn)}


def _precision(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    del fn
    return divide(tp, tp + fp)


def _recall(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    del fp
    return divide(tp, tp + fn)
