"""Measure a predictor: its answers, the counts they give, and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

import tunery
from tunery.errors import TuneryError
from tunery.evaluation.answers import Answers, ask, check_examples, name_of, split_of
from tunery.evaluation.bootstrap import Samples, interval, resample
from tunery.evaluation.calibration import calibrate
from tunery.evaluation.mistakes import surest, wrong_rows
from tunery.evaluation.report import Baseline, ConfusionTable, Gain, LabelScores, Report
from tunery.tasks.base import Confusion, Task
from tunery.tasks.tally import Floats, Tally, label_scores, metrics
from tunery.types import Example, Predictor

BASELINES = ("majority", "probe")
"""What every report has beside the model: the commonest answer, and a linear model on the frozen base."""
ERRORS_SHOWN = 20


def evaluate(
    predictor: Predictor,
    examples: Sequence[Example],
    task: Task,
    *,
    baselines: Mapping[str, Predictor] | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> Report:
    """Measure a predictor on labelled examples.

    Args:
        predictor: Anything that answers. It doesn't see the examples' targets.
        examples: The rows to measure on; of a `Split`, the report gives the name.
        task: How answers are counted.
        baselines: Predictors for the same rows, for example ``majority`` and ``probe``.
        seed: Seed of the bootstrap.
        resamples: How many resamples the intervals come from.

    Raises:
        DataError: Some examples have no target, or one of another task.
        ModelError: The predictor gave the wrong number of answers, or answers of another task.
    """
    check_examples(examples, task)
    answers = ask(predictor, examples, task)
    tallies = task.tallies(answers.examples, answers.predictions, answers.labels)
    samples = resample(tallies, resamples, seed)
    found = _plain(tallies)
    decisions = task.decisions(answers.examples, answers.predictions)
    wrong = wrong_rows(tallies)
    return Report(
        task=task.name,
        model=name_of(predictor),
        split=split_of(examples),
        rows=len(examples),
        decisions=int(tallies[""].decisions.sum()),
        metric=task.metric,
        metrics=found,
        intervals=_intervals(samples),
        per_label=_by_label(tallies[""], samples.label_f1[""]),
        entities=_by_label(tallies["entity"], samples.label_f1["entity"]) if "entity" in tallies else {},
        baselines=_measure_baselines(baselines or {}, examples, task, found, samples, seed),
        confusion=_confusion(task.confusion(answers.examples, answers.predictions, answers.labels)),
        calibration=calibrate(
            decisions, len(examples), temperature=_temperature(predictor), seed=seed, resamples=resamples
        ),
        errors=surest(answers, decisions, wrong, ERRORS_SHOWN),
        wrong_rows=int(wrong.sum()),
        windowed_rows=_windowed(answers),
        unknown_labels=answers.unknown,
        rows_per_second=len(examples) / max(answers.seconds, 1e-9),
        resamples=resamples,
        seed=seed,
        version=tunery.__version__,
        created=now(),
    )


def now() -> datetime:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _plain(tallies: Mapping[str, Tally]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in metrics(tallies).items()}


def _intervals(samples: Samples) -> dict[str, tuple[float, float]]:
    return {name: interval(values) for name, values in samples.metrics.items()}


def _by_label(tally: Tally, f1_samples: Floats) -> dict[str, LabelScores]:
    found = label_scores(tally)
    occurs = (tally.true_positives + tally.false_positives + tally.false_negatives).any(axis=0)
    return {
        tally.labels[column]: LabelScores(
            precision=float(found["precision"][0, column]),
            recall=float(found["recall"][0, column]),
            f1=float(found["f1"][0, column]),
            support=int(tally.support[column]),
            f1_interval=interval(f1_samples[:, column]),
        )
        for column in np.flatnonzero(occurs)
    }


def _measure_baselines(
    baselines: Mapping[str, Predictor],
    examples: Sequence[Example],
    task: Task,
    found: Mapping[str, float],
    samples: Samples,
    seed: int,
) -> dict[str, Baseline]:
    result: dict[str, Baseline] = {}
    for name in dict.fromkeys((*BASELINES, *baselines)):
        if name not in baselines:
            result[name] = Baseline(missing="not-given")
            continue
        try:
            result[name] = _measure_baseline(baselines[name], examples, task, found, samples, seed)
        except TuneryError as error:
            # A baseline that can't answer must not cost the user the report on the model.
            result[name] = Baseline(missing=str(error))
    return result


def _measure_baseline(
    baseline: Predictor,
    examples: Sequence[Example],
    task: Task,
    found: Mapping[str, float],
    samples: Samples,
    seed: int,
) -> Baseline:
    answers = ask(baseline, examples, task)
    tallies = task.tallies(answers.examples, answers.predictions, answers.labels)
    own = _plain(tallies)
    others = resample(tallies, len(samples.metrics[task.metric]), seed)
    return Baseline(
        metrics=own,
        intervals=_intervals(others),
        gains={
            name: Gain(difference=found[name] - own[name], interval=interval(values - others.metrics[name]))
            for name, values in samples.metrics.items()
        },
    )


def _confusion(confusion: Confusion | None) -> ConfusionTable | None:
    if confusion is None:
        return None
    occurs = np.flatnonzero(confusion.counts.sum(axis=0) + confusion.counts.sum(axis=1))
    counts = confusion.counts[np.ix_(occurs, occurs)]
    return ConfusionTable(
        labels=tuple(confusion.labels[index] for index in occurs), counts=tuple(map(tuple, counts.tolist()))
    )


def _temperature(predictor: Predictor) -> float | None:
    temperature = getattr(predictor, "temperature", None)
    return float(temperature) if isinstance(temperature, int | float) else None


def _windowed(answers: Answers) -> int:
    return sum(prediction.windows > 1 for prediction in answers.predictions)
