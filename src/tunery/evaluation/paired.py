"""Compare two predictors on the same rows, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

import tunery
from tunery.evaluation.answers import Answers, ask, check_examples, name_of, split_of
from tunery.evaluation.bootstrap import Samples, interval, resample
from tunery.evaluation.comparison import Agreement, Comparison, Difference, Disagreement, LabelDifference
from tunery.evaluation.measure import now
from tunery.evaluation.mistakes import mistake, wrong_rows
from tunery.evaluation.significance import exchange, holm, p_values
from tunery.tasks.base import Task
from tunery.tasks.tally import Tally, label_scores, metrics
from tunery.types import Example, Predictor

ROWS_SHOWN = 10
_TRIALS_PER_LABEL = 50
"""Holm's correction multiplies p by the number of labels, so p must be able to become that much smaller than 0.05."""
_MOST_TRIALS = 20_000


def compare(
    first: Predictor,
    second: Predictor,
    examples: Sequence[Example],
    task: Task,
    *,
    names: tuple[str, str] = ("A", "B"),
    seed: int = 0,
    resamples: int = 1000,
) -> Comparison:
    """Measure two predictors on the same examples, and say whether their difference is more than chance.

    Args:
        first: The one that is there.
        second: The one that may be better.
        examples: The rows to measure on; of a `Split`, the comparison gives the name.
        task: How answers are counted.
        names: What to call the two.
        seed: Seed of the bootstrap and of the exchanges.
        resamples: How many of each.

    Raises:
        DataError: Some examples have no target, or one of another task.
        ModelError: A predictor gave the wrong number of answers, or answers of another task.
    """
    check_examples(examples, task)
    answers = ask(first, examples, task), ask(second, examples, task)
    labels = tuple(dict.fromkeys((*answers[0].labels, *answers[1].labels)))
    before, after = (task.tallies(each.examples, each.predictions, labels) for each in answers)
    samples = resample(before, resamples, seed), resample(after, resamples, seed)
    trials = max(resamples, min(_TRIALS_PER_LABEL * len(labels), _MOST_TRIALS))
    by_chance = exchange(before, after, trials, seed)
    wrong = wrong_rows(before), wrong_rows(after)
    strictest = list(before)[-1]
    return Comparison(
        task=task.name,
        names=names,
        models=(name_of(first), name_of(second)),
        split=split_of(examples),
        rows=len(examples),
        metric=task.metric,
        metrics=_metrics(before, after, samples, by_chance),
        per_label=_per_label(before[strictest], after[strictest], strictest, samples, by_chance),
        agreement=_agreement(*wrong),
        first_right=_rows(answers, ~wrong[0] & wrong[1]),
        second_right=_rows(answers, wrong[0] & ~wrong[1]),
        resamples=resamples,
        trials=trials,
        seed=seed,
        version=tunery.__version__,
        created=now(),
    )


def _metrics(
    before: Mapping[str, Tally],
    after: Mapping[str, Tally],
    samples: tuple[Samples, Samples],
    by_chance: tuple[Samples, Samples],
) -> dict[str, Difference]:
    first, second = metrics(before), metrics(after)
    return {
        name: Difference(
            first=float(first[name][0]),
            second=float(second[name][0]),
            difference=float(second[name][0] - first[name][0]),
            interval=interval(samples[1].metrics[name] - samples[0].metrics[name]),
            p_value=float(
                p_values(second[name][0] - first[name][0], by_chance[1].metrics[name] - by_chance[0].metrics[name])
            ),
        )
        for name in first
    }


def _per_label(
    first: Tally, second: Tally, name: str, samples: tuple[Samples, Samples], by_chance: tuple[Samples, Samples]
) -> dict[str, LabelDifference]:
    scores = label_scores(first)["f1"][0], label_scores(second)["f1"][0]
    found = scores[1] - scores[0]
    resampled = samples[1].label_f1[name] - samples[0].label_f1[name]
    # A label that an exchange leaves without any count has an F1 of 0, as everywhere else.
    exchanged = np.nan_to_num(by_chance[1].label_f1[name]) - np.nan_to_num(by_chance[0].label_f1[name])
    p = p_values(found, exchanged)
    columns = np.flatnonzero(_occurs(first) | _occurs(second))
    adjusted = holm(p[columns])
    return {
        first.labels[column]: LabelDifference(
            first=float(scores[0][column]),
            second=float(scores[1][column]),
            difference=float(found[column]),
            interval=interval(resampled[:, column]),
            p_value=float(p[column]),
            p_holm=adjusted[rank],
            support=int(first.support[column]),
        )
        for rank, column in enumerate(columns)
    }


def _occurs(tally: Tally) -> NDArray[np.bool_]:
    return np.asarray((tally.true_positives + tally.false_positives + tally.false_negatives).any(axis=0))


def _agreement(first_wrong: NDArray[np.bool_], second_wrong: NDArray[np.bool_]) -> Agreement:
    return Agreement(
        both_right=int((~first_wrong & ~second_wrong).sum()),
        first_only=int((~first_wrong & second_wrong).sum()),
        second_only=int((first_wrong & ~second_wrong).sum()),
        both_wrong=int((first_wrong & second_wrong).sum()),
    )


def _rows(answers: tuple[Answers, Answers], chosen: NDArray[np.bool_]) -> tuple[Disagreement, ...]:
    """Return a few of the chosen rows, evenly spread, so that they aren't all of the label a file begins with."""
    rows = np.flatnonzero(chosen)
    spread = (
        np.unique(np.linspace(0, len(rows) - 1, min(ROWS_SHOWN, len(rows))).astype(np.int64)) if len(rows) else rows
    )
    return tuple(_disagreement(answers, rows[spread].tolist()))


def _disagreement(answers: tuple[Answers, Answers], rows: Iterable[int]) -> Iterable[Disagreement]:
    for row in rows:
        one, other = mistake(answers[0], row), mistake(answers[1], row)
        yield Disagreement(
            row=one.row,
            line=one.line,
            text=one.text,
            text_pair=one.text_pair,
            expected=one.expected,
            first=one.answered,
            second=other.answered,
            expected_spans=one.expected_spans,
            first_spans=one.answered_spans,
            second_spans=other.answered_spans,
        )
