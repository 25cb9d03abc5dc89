"""Problems of labels: absent, unknown to train, rare, out of balance, spelled in two ways."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from tunery.data.finders.subject import Finder, Subject, excerpt, listed, printable, problem
from tunery.data.statistics import labels_in
from tunery.errors import Problem
from tunery.i18n import _
from tunery.types import Span

_RARE = 8
"""Rows below which a label is hardly learned."""
_IMBALANCE = 20
"""How many times more frequent than the rarest the most frequent label may be without a word."""
_PLACEHOLDERS = {"nan", "null", "n/a", "#n/a", "<na>", "nil", "undefined"}
"""What programs write for a value that isn't there."""


def unlabelled_rows(subject: Subject) -> Iterator[Problem]:
    """Yield the rows of each split that have no label, where others do."""
    for name, split in subject.dataset.items():
        found = [row for row in subject.rows_of(name) if row.example.target is None]
        if 0 < len(found) < len(split):
            message = _("Rows of {name} without a label: {n:,} of {rows:,}.")
            hint = _("They are neither learned from nor measured on. Label them, or remove them.")
            yield problem("warning", "no-label", message.format(name=name, n=len(found), rows=len(split)), hint, found)


def placeholder_labels(subject: Subject) -> Iterator[Problem]:
    """Yield labels that look like what a program writes for a missing value."""
    found = [row for row in subject.rows if any(label.casefold() in _PLACEHOLDERS for label in labels_in(row.example))]
    if found:
        names = sorted(
            {label for row in found for label in labels_in(row.example) if label.casefold() in _PLACEHOLDERS}
        )
        message = _("Labels that look like a missing value: {names}.").format(names=listed(names))
        hint = _("If these rows have no label, leave the cell empty or remove them; otherwise rename the label.")
        yield problem("warning", "placeholder-label", message, hint, found)


def labels_missing_from_train(subject: Subject) -> Iterator[Problem]:
    """Yield the labels of dev and test that no row of train has."""
    if "train" not in subject.dataset:
        return
    learned = subject.statistics["train"].labels.keys()
    for name in ("dev", "test"):
        found = [row for row in subject.rows_of(name) if set(labels_in(row.example)) - learned]
        if found:
            names = sorted(subject.statistics[name].labels.keys() - learned)
            message = _("Labels of {name} that train does not have: {names}.").format(name=name, names=listed(names))
            hint = _("They can't be learned, so each counts as wrong. Add rows with them to train, or remove them.")
            yield problem("warning", "label-not-in-train", message, hint, found)


def rare_labels(subject: Subject) -> Iterator[Problem]:
    """Yield the labels that train has too few rows of."""
    counts = subject.statistics["train"].labels if "train" in subject.statistics else {}
    rare = sorted((count, label) for label, count in counts.items() if count < _RARE)
    if rare:
        names = {label for _count, label in rare}
        found = [row for row in subject.rows_of("train") if names.intersection(labels_in(row.example))]
        shown = listed([f"{label} ({count})" for count, label in rare])
        message = _("Labels that occur fewer than {least} times in train: {n:,} of {labels:,}: {shown}.").format(
            least=_RARE, n=len(rare), labels=len(counts), shown=shown
        )
        hint = _("So few are hardly learned. Add rows with them, or merge them with a label that is near.")
        yield problem("warning", "rare-label", message, hint, found)


def imbalance(subject: Subject) -> Iterator[Problem]:
    """Yield a problem where one label of train is many times as frequent as another."""
    counts = subject.statistics["train"].labels if "train" in subject.statistics else {}
    if len(counts) < 2:
        return
    most, *_between, least = counts
    if counts[most] >= _IMBALANCE * counts[least]:
        message = _("The labels of train are out of balance: {most} {often:,} times, {least} {seldom:,} times.")
        hint = _("Accuracy will hide the rare ones: look at macro F1, add rows with them, or turn class weights on.")
        found = [row for row in subject.rows_of("train") if least in labels_in(row.example)]
        yield problem(
            "warning",
            "imbalance",
            message.format(most=printable(most), often=counts[most], least=printable(least), seldom=counts[least]),
            hint,
            found,
        )


def labels_alike(subject: Subject) -> Iterator[Problem]:
    """Yield labels whose names differ only in case, width, blanks, hyphens or underscores."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for statistics in subject.statistics.values():
        for label in statistics.labels:
            spellings[_spelling(label)].add(label)
    for names in sorted(sorted(names) for names in spellings.values() if len(names) > 1):
        counts = {name: sum(split.labels.get(name, 0) for split in subject.statistics.values()) for name in names}
        rarest = min(names, key=lambda name: (counts[name], name))
        found = [row for row in subject.rows if rarest in labels_in(row.example)]
        message = _("Labels that differ only in case, width, blanks, hyphens or underscores: {names}.").format(
            names=listed([f"{name} ({counts[name]:,})" for name in names])
        )
        yield problem("warning", "labels-alike", message, _("If they mean the same, give them one name."), found)


def _spelling(label: str) -> str:
    return re.sub(r"[\s_\-‐‑–]+", "", unicodedata.normalize("NFKC", label).casefold())


def blanks_at_span_edges(subject: Subject) -> Iterator[Problem]:
    """Yield spans that begin or end with a blank."""
    found = [row for row in subject.rows if any(_loose(row.example.text, item) for item in row.example.target or ())]
    if found:
        first = found[0].example
        span = next(item for item in first.target or () if isinstance(item, Span) and _loose(first.text, item))
        message = _(
            "Rows with spans that begin or end with a blank: {n:,}. The first: {text}, characters {start} to {end}."
        )
        hint = _("Boundaries that vary are hard to learn. Move them to the first and last visible character.")
        text = excerpt(first.text[span.start : span.end])
        yield problem(
            "warning",
            "blank-at-span-edge",
            message.format(n=len(found), text=text, start=span.start, end=span.end),
            hint,
            found,
        )


def _loose(text: str, item: object) -> bool:
    if not isinstance(item, Span):
        return False
    covered = text[item.start : item.end]
    return covered != covered.strip()


FINDERS: tuple[Finder, ...] = (
    unlabelled_rows,
    placeholder_labels,
    labels_missing_from_train,
    labels_alike,
    rare_labels,
    imbalance,
    blanks_at_span_edges,
)
