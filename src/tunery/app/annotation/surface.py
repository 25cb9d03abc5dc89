"""What the labelling page gets, and what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store.annotation.leases import Handed
from tunery.store.tables import Queue, QueueItem, Row
from tunery.store.targets import from_text, to_plain
from tunery.tasks.words import split_words
from tunery.types import Offsets, Span, Target

Plain = str | list[str] | list[list[int | str]]
"""A target as JSON has it: a label, labels, or spans as ``[start, end, label]``."""


@dataclass(frozen=True, slots=True)
class Task:
    """One text to label, as the page shows it.

    Attributes:
        item: Its place in the queue.
        row: The row.
        text: The text.
        text_pair: The second text, where there is one.
        words: Where the words of the text are, in code points; for spans only.
        reason: Why it is asked.
        priority: The number behind that.
        suggestion: What a model says: ``target``, ``score``, ``scores``.
        given: What the data say, for review.
        draft: What was begun.
        until: How long it is kept for the person.
    """

    item: str
    row: str
    text: str
    text_pair: str | None
    words: tuple[Offsets, ...]
    reason: str
    priority: float | None
    suggestion: Mapping[str, Any] | None
    given: Plain | None
    draft: str | None = None
    until: datetime | None = None


def task_of(queue: Queue, item: QueueItem, row: Row) -> Task:
    """Return an item as the page shows it."""
    return Task(
        item=item.id,
        row=row.id,
        text=row.text,
        text_pair=row.text_pair,
        words=words_of(row) if queue.kind == "spans" else (),
        reason=item.reason,
        priority=item.priority,
        suggestion=item.suggestion,
        given=plain(from_text(item.given)),
    )


def handed(queue: Queue, given: Handed) -> Task:
    """Return an item that was handed out as the page shows it."""
    task = task_of(queue, given.item, given.row)
    return Task(**{name: getattr(task, name) for name in Task.__slots__} | {"draft": given.draft, "until": given.until})


def words_of(row: Row) -> tuple[Offsets, ...]:
    """Return the words of a text: those it came with, else by a rule under which Chinese characters stand alone."""
    if row.words is not None:
        return tuple((start, end) for start, end in row.words)
    return split_words(row.text, "punctuation")


def plain(target: Target | None) -> Plain | None:
    """Return a target as JSON has it."""
    return None if target is None else to_plain(target)


def target_of(queue: Queue, text: str, given: Plain) -> Target:
    """Return an answer in the form that all of Tunery uses.

    Args:
        queue: Says what is allowed.
        text: What was labelled.
        given: What came from the page or a program.

    Raises:
        SettingError: It has another form than the queue's answers, a label that the queue doesn't have, or spans that
            overlap or lie outside the text.
    """
    if queue.kind == "label" and isinstance(given, str):
        _known(queue, [given])
        return given
    if queue.kind == "labels" and not isinstance(given, str) and all(isinstance(one, str) for one in given):
        labels = sorted({str(one) for one in given})
        _known(queue, labels)
        return tuple(labels)
    if queue.kind == "spans" and not isinstance(given, str):
        return _spans(queue, text, given)
    raise _other_form(queue)


def _spans(queue: Queue, text: str, given: Sequence[object]) -> tuple[Span, ...]:
    spans = sorted(_span(queue, one) for one in given)
    _known(queue, [span.label for span in spans])
    last = 0
    for span in spans:
        if span.start < last or span.end <= span.start or span.end > len(text):
            raise SettingError(
                _("target: the entity from {start} to {end} overlaps another or is not in the text.").format(
                    start=span.start, end=span.end
                ),
                _("Count in Unicode code points; entities follow each other."),
            )
        last = span.end
    return tuple(spans)


def _span(queue: Queue, one: object) -> Span:
    match one:
        case [int(start), int(end), str(label)]:
            return Span(start, end, label)
    raise _other_form(queue)


def _known(queue: Queue, labels: Sequence[str]) -> None:
    if unknown := [label for label in labels if label not in queue.labels]:
        raise SettingError(
            _("target: {label!r} is not a label of this queue.").format(label=unknown[0][:100]),
            _("It has: {labels}.").format(labels=", ".join(map(str, queue.labels[:20]))),
        )


def _other_form(queue: Queue) -> SettingError:
    forms = {
        "label": _("one label, as a string"),
        "labels": _("a list of labels"),
        "spans": _("a list of [start, end, label]"),
    }
    return SettingError(
        _("target: the answers of this queue are {form}.").format(form=forms[queue.kind]), _("Send it in this form.")
    )
