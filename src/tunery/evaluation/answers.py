"""Asking a predictor: examples that can be measured on, and one answer for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunery.data.dataset import Split, labels_of
from tunery.errors import DataError, ModelError, Problem
from tunery.i18n import _
from tunery.tasks.base import Task
from tunery.types import Example, Prediction, Predictor, Span, Target


@dataclass(frozen=True)
class Answers:
    """What a predictor answered for some examples.

    Attributes:
        examples: The examples, with their targets in one form.
        predictions: One for each, in the same form.
        labels: The predictor's labels, then whatever else occurs, sorted.
        unknown: The labels of the examples that the predictor doesn't know.
        seconds: How long answering took.
    """

    examples: tuple[Example, ...]
    predictions: tuple[Prediction, ...]
    labels: tuple[str, ...]
    unknown: tuple[str, ...]
    seconds: float


def ask(predictor: Predictor, examples: Sequence[Example], task: Task) -> Answers:
    """Return the predictor's answers; it sees the examples without their targets.

    Raises:
        ModelError: The predictor gave the wrong number of answers, or answers of another task.
    """
    questions = [replace(example, target=None) for example in examples]
    started = time.perf_counter()
    predictions = list(predictor.predict(questions))
    seconds = time.perf_counter() - started
    _check_answers(predictor, predictions, len(examples), task)
    rows, predictions = _in_one_form(examples, predictions)
    known = tuple(dict.fromkeys(predictor.labels))
    occurring = labels_of(rows)
    answered = labels_of([Example("", prediction.target) for prediction in predictions])
    others = sorted({*occurring, *answered} - set(known))
    return Answers(
        tuple(rows), tuple(predictions), (*known, *others), tuple(sorted(set(occurring) - set(known))), seconds
    )


def name_of(predictor: Predictor) -> str:
    """Return what the predictor calls itself, or what kind of thing it is."""
    name = getattr(predictor, "name", None)
    return name if isinstance(name, str) and name else type(predictor).__name__


def split_of(examples: Sequence[Example]) -> str | None:
    """Return the name of the split that the examples are, where they are one."""
    return examples.name if isinstance(examples, Split) else None


def check_examples(examples: Sequence[Example], task: Task) -> None:
    """Make sure that every example has a target of the task's kind.

    Raises:
        DataError: There are no examples, or some can't be measured on; it names the first place and how many there are.
    """
    file = examples.file if isinstance(examples, Split) else None
    if not examples:
        message = _("There are no rows to measure on.")
        raise DataError([Problem("error", "no-rows", message, _("Choose a split that has rows."), file)])
    problems: list[Problem] = []
    missing = [(row, example) for row, example in enumerate(examples, 1) if example.target is None]
    if missing:
        row, example = missing[0]
        message = _("{count} of {rows} rows have no right answer to measure against; the first is row {row}.").format(
            count=len(missing), rows=len(examples), row=row
        )
        hint = _("Label these rows or leave them out.")
        problems.append(Problem("error", "no-target", message, hint, file, example.line, len(missing)))
    wanted = task.reads.target
    others = [
        (row, example)
        for row, example in enumerate(examples, 1)
        if example.target is not None and not _fits(example.target, wanted)
    ]
    if others:
        row, example = others[0]
        message = _("{count} of {rows} rows are labelled for another task than {task}; the first is row {row}.").format(
            count=len(others), rows=len(examples), task=task.name, row=row
        )
        hint = _("Load the data with the task that the model was tuned for.")
        problems.append(Problem("error", "other-task", message, hint, file, example.line, len(others)))
    if problems:
        raise DataError(problems)


def _check_answers(predictor: Predictor, predictions: Sequence[Prediction], rows: int, task: Task) -> None:
    if len(predictions) != rows:
        raise ModelError(
            _("{name} gave {answers} answers for {rows} rows.").format(
                name=name_of(predictor), answers=len(predictions), rows=rows
            ),
            _("A predictor returns exactly one prediction for each input, in the same order."),
        )
    for row, prediction in enumerate(predictions, 1):
        if not _fits(prediction.target, task.reads.target):
            raise ModelError(
                _(
                    "{name} doesn't answer the way {task} needs; the first such answer is in row {row}: {answer!r}."
                ).format(name=name_of(predictor), task=task.name, row=row, answer=prediction.target),
                _("Choose the task that the predictor was made for."),
            )


def _fits(target: Target, wanted: Literal["label", "spans"]) -> bool:
    if isinstance(target, str):
        return wanted == "label"
    kind = Span if wanted == "spans" else str
    return all(isinstance(item, kind) for item in target)


def _in_one_form(
    examples: Iterable[Example], predictions: Sequence[Prediction]
) -> tuple[list[Example], list[Prediction]]:
    """Write single labels as sets of one wherever any row of the examples or answers has a set of labels."""
    rows, answers = list(examples), list(predictions)
    if not any(isinstance(target, tuple) for target in [*(r.target for r in rows), *(a.target for a in answers)]):
        return rows, answers
    return (
        [replace(row, target=(row.target,)) if isinstance(row.target, str) else row for row in rows],
        [replace(answer, target=(answer.target,)) if isinstance(answer.target, str) else answer for answer in answers],
    )
