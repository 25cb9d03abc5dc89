"""Whether answers can be written so that they read back the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tunery.data.annotation_formats.base import FIELDS, Annotated, labels_in
from tunery.data.dataset import Schema
from tunery.data.findings import Findings
from tunery.data.rows.base import Report
from tunery.data.rows.cells import unusable
from tunery.data.values import is_blank
from tunery.i18n import _
from tunery.types import Span, Target

_LONGEST_LABEL = 200


def check(items: Sequence[Annotated], schema: Schema, labels: Sequence[str]) -> None:
    """Make sure that a file can hold ``items``.

    Raises:
        DataError: A text, an answer or a label can't be written, or is of another task; lines count items from 1.
    """
    findings = Findings()
    known = frozenset(labels)
    forms = {type(target) for item in items for target in _targets(item)}
    if schema.target == "label" and len(forms) > 1:
        findings.error(
            "mixed-answers",
            _("Some answers are one label, and others a set of labels."),
            _("Give every answer the form that its task has."),
        )
    for label in labels:
        if is_blank(label) or label != label.strip() or len(label) > _LONGEST_LABEL:
            findings.error(
                "label-form",
                _("No file can hold the label {label!r}.").format(label=label[:40]),
                _("Labels have 1 to 200 characters, no space around them, and don't stand for nothing, as null does."),
            )
    for number, item in enumerate(items, 1):
        report = Report(findings, "", number)
        texts = (item.example.text, *(getattr(item.example, name) or "" for name in FIELDS))
        texts += tuple(answer.annotator for answer in (*item.answers, *item.predictions))
        if not any(unusable(text, report) for text in texts):
            for target in _targets(item):
                _check_target(target, item.example.text, schema, known, report)
    findings.stop_if_failed()


def _targets(item: Annotated) -> Iterator[Target]:
    if item.example.target is not None:
        yield item.example.target
    yield from (answer.target for answer in (*item.answers, *item.predictions))


def _check_target(target: Target, text: str, schema: Schema, known: frozenset[str], report: Report) -> None:
    spans = [] if isinstance(target, str) else [part for part in target if isinstance(part, Span)]
    names = [span.label for span in spans] + labels_in(target)
    if bool(labels_in(target) if schema.target == "spans" else spans):
        report.error(
            "answer-of-another-task",
            _("The answer {found!r} is not of this task.").format(found=str(target)[:40]),
            _("Give labels for text classification, and spans for token classification."),
        )
    for label in sorted(set(names) - known):
        report.error(
            "label-unknown",
            _("The label {label!r} is none of those that can be answered.").format(label=label[:40]),
            _("Add it to the labels."),
        )
    if any(not 0 <= span.start < span.end <= len(text) for span in spans):
        report.error(
            "span-outside-text",
            _("A span lies outside its text, or is empty."),
            _("Offsets count Unicode characters from 0, not bytes or UTF-16 units; end is the one after the last."),
        )
    if any(after.start < before.end for before, after in pairwise(spans)):
        report.error(
            "spans-overlap",
            _("Spans overlap, or are not in the order of the text."),
            _("A character can belong to one span only: keep the one you want the model to find."),
        )
