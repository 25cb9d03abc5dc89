"""Problems of texts that occur more than once: leaks between splits, conflicting labels, repetition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

from tunery.data.dataset import SPLITS
from tunery.data.duplicates import THRESHOLD, normalise, similarity
from tunery.data.finders.subject import Finder, Row, Subject, excerpt, listed, problem, share
from tunery.errors import Problem
from tunery.i18n import _
from tunery.types import Example, Span

_PAIRS = [(source, target) for place, target in enumerate(SPLITS) for source in SPLITS[:place]]
"""Splits that must not share texts: the second measures what was learned from, or chosen by, the first."""

_COMPARED = 100
"""Rows of a group of near duplicates that a row is held against: thousands of copies would take forever."""


def duplicates_across_splits(subject: Subject) -> Iterator[Problem]:
    """Yield rows whose text, but for case, blanks and punctuation at the ends, is in an earlier split too."""
    for source, target in _PAIRS:
        found = [(row, twin) for row, twin, same in _leaks(subject, source, target) if same]
        if found:
            message = _(
                "Rows of {target} whose text is also in {source}: {n:,} of {rows:,} ({share}); {text} is at {place}."
            )
            yield _leak("duplicate-across-splits", message, source, target, found)


def near_duplicates_across_splits(subject: Subject) -> Iterator[Problem]:
    """Yield rows whose text differs by a few characters from one in an earlier split."""
    for source, target in _PAIRS:
        found = [(row, twin) for row, twin, same in _leaks(subject, source, target) if not same]
        if found:
            message = _(
                "Rows of {target} that are nearly the same as one in {source}: {n:,} of {rows:,} ({share}); "
                "{text} is at {place}."
            )
            yield _leak("near-duplicate-across-splits", message, source, target, found)


def conflicting_labels(subject: Subject) -> Iterator[Problem]:
    """Yield texts that occur with different answers."""
    found = []
    for rows in _equal_texts(subject):
        labelled = [row for row in rows if row.example.target is not None]
        other = next((row for row in labelled if _answer(row.example) != _answer(labelled[0].example)), None)
        if other is not None:
            found.append((labelled[0], other))
    if found:
        row, other = found[0]
        here, there = _difference(row.example, other.example)
        message = _(
            "Texts that occur with different labels: {n:,}. {text} has {here} here, {there} at {place}."
        ).format(n=len(found), text=excerpt(row.example.text), here=here, there=there, place=other.place)
        hint = _("Decide which is right, and correct or remove the other.")
        yield problem("warning", "conflicting-labels", message, hint, [row for row, _other in found])


def duplicates_within_splits(subject: Subject) -> Iterator[Problem]:
    """Yield rows of each split that repeat the text and the answer of an earlier one."""
    for name in subject.dataset:
        seen: set[Hashable] = set()
        found = []
        for row, key in zip(subject.rows, subject.keys, strict=True):
            if row.split.name == name and key:
                content = (key, _answer(row.example))
                if content in seen:
                    found.append(row)
                seen.add(content)
        if found:
            rows = len(subject.dataset[name])
            message = _("Rows of {name} that repeat an earlier row: {n:,} of {rows:,} ({share}); the first: {text}.")
            message = message.format(
                name=name, n=len(found), rows=rows, share=share(len(found), rows), text=excerpt(found[0].example.text)
            )
            hint = _("Each counts again as often as it occurs. Remove the copies unless they stand for real frequency.")
            yield problem("warning", "duplicate", message, hint, found)


def _leaks(subject: Subject, source: str, target: str) -> Iterator[tuple[Row, Row, bool]]:
    """Yield each row of ``target`` that has its like in ``source``, that one, and whether their texts are the same."""
    same: dict[str, Row] = {}
    near: dict[int, list[tuple[str, Row]]] = defaultdict(list)
    keyed = [item for item in zip(subject.rows, subject.keys, subject.groups, strict=True) if item[1]]
    for row, key, group in keyed:
        if row.split.name == source and key not in same:
            same[key] = row
            near[group].append((key, row))
    for row, key, group in keyed:
        if row.split.name == target and (twin := same.get(key) or _nearest(key, near[group])) is not None:
            yield row, twin, key in same


def _nearest(key: str, group: Sequence[tuple[str, Row]]) -> Row | None:
    """Return the first row of a group that is itself a near duplicate: groups are chains, whose ends differ more."""
    return next((row for other, row in group[:_COMPARED] if similarity(key, other) >= THRESHOLD), None)


def _leak(code: str, message: str, source: str, target: str, found: list[tuple[Row, Row]]) -> Problem:
    row, twin = found[0]
    rows = len(row.split)
    said = message.format(
        source=source, target=target, n=len(found), rows=rows, share=share(len(found), rows),
        text=excerpt(twin.example.text), place=twin.place,
    )  # fmt: skip
    hint = _("Scores will look better than they are. Remove these rows from one of the two splits.")
    return problem("warning", code, said, hint, [row for row, _twin in found])


def _equal_texts(subject: Subject) -> Iterator[list[Row]]:
    by_key: dict[str, list[Row]] = defaultdict(list)
    for row, key in zip(subject.rows, subject.keys, strict=True):
        if key:
            by_key[key].append(row)
    yield from (rows for rows in by_key.values() if len(rows) > 1)


def _answer(example: Example) -> Hashable:
    """Return a row's answer so that spans of texts that differ in blanks and case can be compared."""
    target = example.target
    if target is None or isinstance(target, str):
        return target
    return tuple(
        (item.label, normalise(example.text[item.start : item.end])) if isinstance(item, Span) else item
        for item in target
    )


def _difference(first: Example, second: Example) -> tuple[str, str]:
    """Return what each of two answers has and the other has not."""
    ours, theirs = _named(first), _named(second)
    only_ours = [name for name in ours if name not in theirs]
    only_theirs = [name for name in theirs if name not in ours]
    nothing = _("nothing more") if set(ours) & set(theirs) else _("no label")
    return listed(only_ours, most=3) or nothing, listed(only_theirs, most=3) or nothing


def _named(example: Example) -> list[str]:
    if isinstance(example.target, str):
        return [example.target]
    return [
        f"{item.label} {excerpt(example.text[item.start : item.end])}" if isinstance(item, Span) else item
        for item in example.target or ()
    ]


FINDERS: tuple[Finder, ...] = (
    duplicates_across_splits,
    near_duplicates_across_splits,
    conflicting_labels,
    duplicates_within_splits,
)
