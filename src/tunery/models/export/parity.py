"""The gate: an export is used only where it answers as torch does on dev, and is faster.

Four conditions, all of them on rows that nothing was learned from:

- labels agree: of texts their label, of several labels every single yes or no, of entities every word's tag;
- the task's score is the same, up to a few tenths of a point;
- probabilities are the same, up to what no threshold and no reader would notice, in 99 rows of 100;
- it is faster than torch on this machine, on these texts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tunery.errors import DataError, Problem
from tunery.i18n import _
from tunery.models.answering import Answering
from tunery.models.manifest import Measured
from tunery.progress import Bar
from tunery.tasks.base import Logits, Task
from tunery.tasks.portions import encode_in_portions
from tunery.tasks.scoring import scores_of
from tunery.types import Example, Prediction

AGREEMENT = 0.995
"""Labels that must be the same."""
POINTS = 0.3
"""How far the task's score may move, in points of 100."""
ENOUGH = 200
"""Rows below which nobody can say that 99.5% of labels agree: one of 200 is the half percent that may differ."""
ROUNDING = 0.001
"""How far probabilities move by rounding alone; what moves no further needs no such proof."""
DISTANCE = 0.05
"""How far a label's probability may move. Rounding in float32 moves it by less than 0.0001; 8-bit matrices move it by
hundredths. A confidence that is read to one decimal doesn't show that; beyond it, a threshold chosen with one would
mean something else with the other."""
_WORST = 0.99
"""The share of rows within `DISTANCE`."""

_ROWS = 2000
"""Rows that answers are compared on, at most."""
_FIRST_ROWS, _TIMED_ROWS, _TIMED_SECONDS = 8, 200, 2.0
"""Rows of the pass that warms up and shows how slow one is, and what the passes that count have at most."""
_PASSES = 3
_PORTION = 256

T = TypeVar("T")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """What one way of running a model says to some rows.

    Attributes:
        predictions: One for each row.
        tokens: For each row the tokens of its windows, special tokens included.
        probabilities: For each row its windows' probabilities, all in one array.
    """

    predictions: list[Prediction]
    tokens: list[NDArray[np.int32]]
    probabilities: list[Floats]


@dataclass(frozen=True)
class Speed:
    """Texts in a second, from tokens to answers.

    Attributes:
        alone: One text at a time, as a service that is hardly used gets them.
        together: All texts at once, in batches, as a service under load gets them.
    """

    alone: float
    together: float

    @property
    def typical(self) -> float:
        """The geometric mean of both.

        A service lives between the two; of this mean twice as fast there and half as fast here is neither better nor
        worse, and what is compared does not depend on which of two runtimes is called the first.
        """
        return math.sqrt(self.alone * self.together)


def evenly(rows: Sequence[T], most: int) -> list[T]:
    """Return at most ``most`` rows, taken at even distances."""
    if len(rows) <= most:
        return list(rows)
    return [rows[int(place)] for place in np.linspace(0, len(rows) - 1, most)]


def rows_for(examples: Sequence[Example]) -> list[Example]:
    """Return the rows that answers are compared on.

    Raises:
        DataError: None of them has a right answer.
    """
    known = [example for example in examples if example.target is not None]
    if not known:
        message = _("There are no rows with right answers to compare on.")
        raise DataError([Problem("error", "no-dev", message, _("Give labelled rows with --data; dev is used."))])
    return evenly(known, _ROWS)


def answer(answering: Answering, rows: Sequence[Example], shown: Bar) -> Answers:
    """Let a model answer ``rows``; what it was sure of is kept beside its answers."""
    found = Answers([], [], [])
    probabilities = _sigmoid if several_labels(answering.task) else _softmax
    for part, encodings in encode_in_portions(answering.task, rows, answering.encoder, answering.labels, _PORTION):
        logits = dict(answering.scorer.logits(encodings))
        found.predictions.extend(answering.decode(part, encodings, logits))
        of_row: list[list[int]] = [[] for _ in part]
        for number, encoding in enumerate(encodings):
            of_row[encoding.row].append(number)
        for numbers in of_row:
            found.tokens.append(np.concatenate([encodings[number].input_ids for number in numbers]))
            found.probabilities.append(probabilities(np.concatenate([logits[number] for number in numbers])))
        shown.advance(len(part))
    return found


def agreement(task: Task, labels: Sequence[str], rows: Sequence[Example], one: Answers, other: Answers) -> float:
    """Return the share of labels that are the same: of texts, of yes or no for each label, or of words."""
    as_if = [replace(row, target=prediction.target) for row, prediction in zip(rows, one.predictions, strict=True)]
    tally = task.tallies(as_if, other.predictions, labels)[""]
    if several_labels(task):
        differ = int(tally.false_positives.sum() + tally.false_negatives.sum())
        return 1.0 - differ / (len(rows) * len(labels))
    decisions = int(tally.decisions.sum())
    return float(tally.correct.sum()) / decisions if decisions else 1.0


def distance(one: Answers, other: Answers) -> float:
    """Return the largest difference of a probability in a row, of the worst of 99 rows of 100.

    Rows that were read as other tokens are as far apart as can be.
    """
    apart = [
        float(np.abs(ours - theirs).max(initial=0.0)) if np.array_equal(tokens, others) else 1.0
        for tokens, others, ours, theirs in zip(
            one.tokens, other.tokens, one.probabilities, other.probabilities, strict=True
        )
    ]
    return float(np.quantile(apart, _WORST, method="higher"))


def several_labels(task: Task) -> bool:
    """Return whether a text can have several labels at once."""
    return bool(getattr(task, "multi_label", False))


def speeds(answerings: Mapping[str, Answering], rows: Sequence[Example], shown: Bar) -> dict[str, Speed]:
    """Time several ways of running a model, in turns, so that whatever else the machine does hits all of them alike.

    Args:
        answerings: What is timed, by its name.
        rows: Rows of dev.
        shown: Advanced by 1 for each pass of each.

    Returns:
        For each the median of its passes.
    """
    few = evenly(rows, _FIRST_ROWS)
    slowest = 0.0
    for answering in answerings.values():
        _timed(_one_by_one, answering, few)  # The first pass of all is slower than any other.
        slowest = max(slowest, _timed(_one_by_one, answering, few) / len(few))
        shown.advance()
    chosen = evenly(rows, min(_TIMED_ROWS, max(_FIRST_ROWS, int(_TIMED_SECONDS / max(slowest, 1e-6)))))
    alone: dict[str, list[float]] = {name: [] for name in answerings}
    together: dict[str, list[float]] = {name: [] for name in answerings}
    for _turn in range(_PASSES):
        for name, answering in answerings.items():
            alone[name].append(len(chosen) / _timed(_one_by_one, answering, chosen))
            together[name].append(len(chosen) / _timed(_all_at_once, answering, chosen))
            shown.advance()
    return {name: Speed(float(np.median(alone[name])), float(np.median(together[name]))) for name in answerings}


def turns(count: int) -> int:
    """Return how often `speeds` advances its bar for ``count`` ways of running."""
    return (_PASSES + 1) * count


def judge(task: Task, measured: Measured, reference: Measured, rows: int | None = None) -> Measured:
    """Return what was measured, with every condition that it fails.

    Args:
        task: The task.
        measured: What the export does.
        reference: What torch does.
        rows: How many rows it was measured on; None for enough.
    """
    failed: list[str] = []
    if measured.agreement < AGREEMENT:
        failed.append(
            _("labels agree in {found:.2%} of all cases, and {wanted:.1%} are asked for").format(
                found=measured.agreement, wanted=AGREEMENT
            )
        )
    moved = 100 * abs(measured.metric - reference.metric)
    if moved > POINTS:
        failed.append(
            _(
                "{metric} on dev is {found:.4f} instead of {wanted:.4f}: {moved:.1f} points, and {most} are allowed"
            ).format(metric=task.metric, found=measured.metric, wanted=reference.metric, moved=moved, most=POINTS)
        )
    if measured.distance > DISTANCE:
        failed.append(
            _("probabilities move by up to {found:.3f} in 99 of 100 rows, and {most} is allowed").format(
                found=measured.distance, most=DISTANCE
            )
        )
    if not failed and rows is not None and rows < ENOUGH and measured.distance > ROUNDING:
        failed.append(
            _("answers change, and {rows} rows are too few to show how seldom: {wanted} are needed").format(
                rows=rows, wanted=ENOUGH
            )
        )
    ours, theirs = speed_of(measured), speed_of(reference)
    if ours.typical <= theirs.typical:
        failed.append(
            _("it is not faster than torch here: {alone:.0f} texts a second one by one (torch {alone_torch:.0f}), "
              "{together:.0f} in batches (torch {together_torch:.0f})").format(
                alone=ours.alone, alone_torch=theirs.alone,
                together=ours.together, together_torch=theirs.together,
            )
        )  # fmt: skip
    return measured.model_copy(update={"failed": tuple(failed)})


def speed_of(measured: Measured) -> Speed:
    """Return the speed that was measured."""
    return Speed(measured.alone_per_second, measured.texts_per_second)


def measure(
    task: Task, labels: Sequence[str], rows: Sequence[Example], reference: Answers, found: Answers, speed: Speed,
    size: int,
) -> Measured:  # fmt: skip
    """Return what an export was found to do beside ``reference``.

    Args:
        task: The task, prepared.
        labels: The labels that the model knows.
        rows: What was answered.
        reference: What torch says.
        found: What the export says.
        speed: How fast it is.
        size: Its files, in bytes.
    """
    return Measured(
        agreement=agreement(task, labels, rows, reference, found),
        metric=scores_of(task, labels, rows, found.predictions)[task.metric],
        distance=distance(reference, found),
        texts_per_second=speed.together,
        alone_per_second=speed.alone,
        megabytes=size / 1e6,
    )


def _timed(
    function: Callable[[Answering, Sequence[Example]], object], answering: Answering, rows: list[Example]
) -> float:
    started = time.perf_counter()
    function(answering, rows)
    return time.perf_counter() - started


def _all_at_once(answering: Answering, rows: Sequence[Example]) -> None:
    answering.predict(rows)


def _one_by_one(answering: Answering, rows: Sequence[Example]) -> None:
    for row in rows:
        answering.predict([row])


def _softmax(logits: Logits) -> Floats:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), dtype=np.float32)


def _sigmoid(logits: Logits) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)
