"""Problems of whole splits: empty, small, without variety, out of order in time, with divided groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from math import sqrt

from tunery.data.finders.subject import Finder, Row, Subject, listed, problem, share
from tunery.errors import Problem, Severity
from tunery.i18n import _

_SMALL = 200
"""Rows below which a measured score is known to no better than five points or so."""
_TYPICAL_SCORE = 0.8
_Z95 = 1.96


def missing_train(subject: Subject) -> Iterator[Problem]:
    """Yield a problem where there is nothing to learn from."""
    if "train" not in subject.dataset:
        yield Problem(
            "warning",
            "no-train",
            _("There is no train split, only: {names}.").format(names=listed(list(subject.dataset)) or "-"),
            _("Such data can be measured on, not learned from. Add a file named train."),
        )


def empty_splits(subject: Subject) -> Iterator[Problem]:
    """Yield each split that has no rows."""
    for name, split in subject.dataset.items():
        if not len(split):
            message = _("The split {name} has no rows.").format(name=name)
            hint = _(
                "Give it a file with labelled rows. Without a file it is made from other rows, if there are enough."
            )
            yield Problem("error", "empty-split", message, hint, split.file)


def one_answer(subject: Subject) -> Iterator[Problem]:
    """Yield each split in which every row has the same answer, or none has any though some should."""
    if subject.dataset.unlabelled:
        return
    for name, split in subject.dataset.items():
        answers = {example.target for example in split if example.target is not None}
        severity: Severity = "error" if name == "train" else "warning"
        if answers == {()} or (not answers and len(split)):
            message = _("No row of {name} has a label.").format(name=name)
            hint = _("Check which column holds the labels, and that the task fits the file.")
            yield problem(severity, "no-labels", message, hint, subject.rows_of(name))
        elif len(answers) == 1:
            labels = listed(list(subject.statistics[name].labels))
            message = _("Every row of {name} has the same label: {labels}.").format(name=name, labels=labels)
            hint = _("What is always the same can be neither learned nor measured. Add rows with other labels.")
            yield problem(severity, "one-class", message, hint, subject.rows_of(name))


def small_splits(subject: Subject) -> Iterator[Problem]:
    """Yield each split for measuring that is too small to measure well, with the width of the interval."""
    for name in ("dev", "test"):
        rows = len(subject.dataset.get(name, ()))
        if 0 < rows < _SMALL:
            low, high = wilson_interval(_TYPICAL_SCORE, rows)
            message = _(
                "{name} has few rows ({rows:,}): an accuracy of {score:.2f} measured on it has a 95% interval "
                "from {low:.2f} to {high:.2f}, {width:.2f} wide."
            ).format(name=name, rows=rows, score=_TYPICAL_SCORE, low=low, high=high, width=high - low)
            hint = _("Label more rows for it, or look at intervals before you believe a difference.")
            yield problem("warning", "small-split", message, hint, subject.rows_of(name)[:1])


def wilson_interval(score: float, rows: int) -> tuple[float, float]:
    """Return the 95% interval of a proportion (Wilson, "Probable Inference", 1927)."""
    spread = _Z95 * sqrt(score * (1 - score) / rows + _Z95**2 / (4 * rows**2))
    middle = score + _Z95**2 / (2 * rows)
    scale = 1 + _Z95**2 / rows
    return (middle - spread) / scale, (middle + spread) / scale


def divided_groups(subject: Subject) -> Iterator[Problem]:
    """Yield each split for measuring that has rows of a group that train has too."""
    learned = {row.example.group for row in subject.rows_of("train")} - {None}
    for name in ("dev", "test"):
        found = [row for row in subject.rows_of(name) if row.example.group in learned]
        if found:
            groups = listed(sorted({row.example.group or "" for row in found}))
            message = _("Rows of {name} whose group is also in train: {n:,} of {rows:,} ({groups}).").format(
                name=name, n=len(found), rows=len(subject.dataset[name]), groups=groups
            )
            hint = _("Scores will look better than they are. Move whole groups to one side.")
            yield problem("warning", "group-across-splits", message, hint, found)


def test_before_train(subject: Subject) -> Iterator[Problem]:
    """Yield the rows of test that are older than the newest of train."""
    learned = [time for row in subject.rows_of("train") if (time := _time(row)) is not None]
    timed = [(time, row) for row in subject.rows_of("test") if (time := _time(row)) is not None]
    if not learned or not timed:
        return
    earlier = [row for time, row in timed if time < max(learned)]
    if earlier:
        message = _("Rows of test that are older than the newest row of train: {n:,} of {rows:,} ({share}).").format(
            n=len(earlier), rows=len(timed), share=share(len(earlier), len(timed))
        )
        hint = _("A model in use answers what comes later. Put the newest rows into test to measure that.")
        yield problem("note", "test-before-train", message, hint, earlier)


def _time(row: Row) -> datetime | None:
    try:
        time = datetime.fromisoformat(row.example.timestamp or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


FINDERS: tuple[Finder, ...] = (
    missing_train,
    empty_splits,
    one_answer,
    small_splits,
    divided_groups,
    test_before_train,
)
