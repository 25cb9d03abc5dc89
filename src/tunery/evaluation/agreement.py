"""How far the people who annotate the same texts agree, and on which texts they don't.

One number for all of them is Krippendorff's alpha (`tunery.evaluation.reliability`): for one label a text with the
nominal distance, for several with the MASI distance, for spans over characters, each of which has a label or none.
Beside it stands one number for each pair of people (`tunery.evaluation.annotator_pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations, pairwise
from typing import Literal

import numpy as np

from tunery.data.annotation_formats import Annotated
from tunery.errors import DataError, Problem
from tunery.evaluation.annotator_pairs import exact_f1, kappa
from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.reliability import Units, alpha, masi
from tunery.i18n import _
from tunery.types import Span, Target

Kind = Literal["label", "labels", "spans"]
Answers = Mapping[str, Target]
"""One text's answers by annotator."""

_NOTHING = ""
"""The value of characters that lie in no span; no label is empty."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people on the texts that both answered.

    Attributes:
        first: One of them.
        second: The other.
        texts: How many texts both answered.
        score: Cohen's kappa, or for spans the F1 of exact spans; None where it doesn't exist.
        interval: Its 95% interval.
        same: The share of these texts with the same answer.
    """

    first: str
    second: str
    texts: int
    score: float | None
    interval: Interval | None
    same: float


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """How far people agree.

    Attributes:
        kind: ``label`` (one a text), ``labels`` (several) or ``spans``.
        annotators: Everybody who answered, sorted.
        texts: How many texts at least two people answered.
        alpha: Krippendorff's alpha; None where it doesn't exist, because no text has two answers or because all
            answers are one and the same.
        interval: Its 95% interval, by bootstrap over texts.
        per_label: The alpha of each label, given or not given.
        pairs: Everybody with everybody else with whom they share a text.
        differs: For each text that was looked at, whether its answers differ: those somebody has to settle.
    """

    kind: Kind
    annotators: tuple[str, ...]
    texts: int
    alpha: float | None
    interval: Interval | None
    per_label: Mapping[str, float | None] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()
    differs: tuple[bool, ...] = ()

    @property
    def to_settle(self) -> tuple[int, ...]:
        """The numbers of the texts whose answers differ, counted from 0."""
        return tuple(number for number, differs in enumerate(self.differs) if differs)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        return {**asdict(self), "differs": list(self.differs), "to_settle": list(self.to_settle)}

    def __str__(self) -> str:
        from tunery.evaluation.plain_agreement import agreement_text

        return agreement_text(self)


def agreement(items: Sequence[Annotated], *, resamples: int = 1000, seed: int = 0) -> AnnotatorAgreement:
    """Measure how far the annotators of some texts agree.

    Where one person answered a text more than once, the last answer counts. What was settled is not looked at.

    Args:
        items: The texts with their answers.
        resamples: How often texts are drawn anew for the intervals.
        seed: Of the draws.

    Raises:
        DataError: The answers are not all of one kind.
    """
    rows: list[Answers] = [{answer.annotator: answer.target for answer in item.answers} for item in items]
    kind = _kind(rows)
    shared = [number for number, answers in enumerate(rows) if len(answers) > 1]
    units, values = _units(items, rows, shared, kind)
    sets = [frozenset(value) if isinstance(value, tuple) else frozenset([value]) for value in values]
    found, ends = alpha(units, masi(sets) if kind == "labels" else None, resamples=resamples, seed=seed)
    labels = sorted({label for one in sets for label in one} - {_NOTHING})
    return AnnotatorAgreement(
        kind=kind,
        annotators=tuple(sorted({name for answers in rows for name in answers})),
        texts=len(shared),
        alpha=found,
        interval=ends,
        per_label={
            label: alpha(units.split(np.array([label in one for one in sets], dtype=bool)))[0] for label in labels
        },
        pairs=_pairs(rows, kind, resamples, seed),
        differs=tuple(len(set(answers.values())) > 1 for answers in rows),
    )


def _kind(rows: Sequence[Answers]) -> Kind:
    targets = [target for answers in rows for target in answers.values()]
    found: set[Kind] = {
        "label" if isinstance(target, str) else "spans" if isinstance(target[0], Span) else "labels"
        for target in targets
        if target
    }
    if "label" in found and () in targets:
        found.add("labels")
    if len(found) > 1:
        message = _("The answers are of several kinds: {kinds}.").format(kinds=", ".join(sorted(found)))
        hint = _("Give every answer the form that its task has.")
        raise DataError([Problem("error", "mixed-answers", message, hint)])
    return next(iter(found), "labels")


def _units(
    items: Sequence[Annotated], rows: Sequence[Answers], shared: Sequence[int], kind: Kind
) -> tuple[Units, list[str | tuple[str, ...]]]:
    """Return what alpha counts, and the values that were given in the order of its columns."""
    if kind == "spans":
        pieces = [
            (owner, weight, labels)
            for owner, number in enumerate(shared)
            for weight, labels in _stretches(items[number].example.text, list(rows[number].values()))
        ]
    else:
        pieces = [(owner, 1, list(rows[number].values())) for owner, number in enumerate(shared)]
    index: dict[object, int] = {}
    cells = [[index.setdefault(value, len(index)) for value in values] for _owner, _weight, values in pieces]
    counts = np.zeros((len(pieces), len(index)))
    for unit, given in enumerate(cells):
        np.add.at(counts[unit], given, 1.0)
    owners = np.array([owner for owner, _weight, _values in pieces], dtype=np.int64)
    weights = np.array([weight for _owner, weight, _values in pieces], dtype=np.float64)
    return Units(counts, weights, owners, len(shared)), list(index)  # type: ignore[arg-type]


def _stretches(text: str, answers: Sequence[Target]) -> list[tuple[int, list[object]]]:
    """Return the stretches of a text in which nobody's answer changes: their characters, and everybody's label.

    White space belongs to no word, and is not counted: whether a span takes it in says nothing.
    """
    spans = [[span for span in answer if isinstance(span, Span)] for answer in answers]
    cuts = sorted({0, len(text), *(edge for own in spans for span in own for edge in (span.start, span.end))})
    found: list[tuple[int, list[object]]] = []
    for start, end in pairwise(cuts):
        size = sum(not character.isspace() for character in text[start:end])
        labels: list[object] = [
            next((span.label for span in own if span.start <= start < span.end), _NOTHING) for own in spans
        ]
        if size:
            found.append((size, labels))
    return found


def _pairs(rows: Sequence[Answers], kind: Kind, resamples: int, seed: int) -> tuple[Pair, ...]:
    by_person: dict[str, set[int]] = {}
    for number, answers in enumerate(rows):
        for name in answers:
            by_person.setdefault(name, set()).add(number)
    found: list[Pair] = []
    for first, second in combinations(sorted(by_person), 2):
        both = sorted(by_person[first] & by_person[second])
        if not both:
            continue
        one, other = ([rows[number][name] for number in both] for name in (first, second))
        measure = exact_f1 if kind == "spans" else kappa
        score, ends = measure(one, other, resamples=resamples, seed=seed)
        same = sum(a == b for a, b in zip(one, other, strict=True)) / len(both)
        found.append(Pair(first, second, len(both), score, ends, same))
    return tuple(found)
