"""Which answers were wrong: the ones the predictor was surest of, and the labels it mixes up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunery.evaluation.answers import Answers
from tunery.evaluation.report import ConfusionTable, MarkedSpan, Mistake
from tunery.tasks.base import Decision
from tunery.tasks.tally import Tally
from tunery.types import Prediction, Span, Target


@dataclass(frozen=True, slots=True)
class Mixup:
    """Two labels that were mixed up: ``count`` times (a ``share`` of all `expected`) one was taken for the other."""

    expected: str
    answered: str
    count: int
    share: float


def wrong_rows(tallies: Mapping[str, Tally]) -> NDArray[np.bool_]:
    """Return for each row whether anything in it is wrong, by the task's strictest count."""
    strictest = list(tallies.values())[-1]
    return np.asarray((strictest.false_positives + strictest.false_negatives).sum(axis=1) > 0)


def surest(
    answers: Answers, decisions: Sequence[Decision], wrong: NDArray[np.bool_], count: int
) -> tuple[Mistake, ...]:
    """Return at most ``count`` wrongly answered rows, those the predictor was surest of first.

    A row is as sure as its surest wrong decision; where something was only missed, as the answer as a whole.
    Rows without any confidence come last, in their order.
    """
    worst: dict[int, Decision] = {}
    for decision in sorted(decisions, key=lambda item: -item.confidence):
        if not decision.right:
            worst.setdefault(decision.row, decision)

    def sureness(row: int) -> float:
        known = worst[row].confidence if row in worst else _confidence(answers.predictions[row])
        return -1.0 if known is None else known

    rows = sorted((int(row) for row in np.flatnonzero(wrong)), key=sureness, reverse=True)
    return tuple(mistake(answers, row, worst.get(row)) for row in rows[:count])


def mistake(answers: Answers, row: int, decision: Decision | None = None) -> Mistake:
    """Return a row with what is right for it and what was answered; ``decision`` names the part that it is about."""
    example, prediction = answers.examples[row], answers.predictions[row]
    return Mistake(
        row=row + 1,
        line=example.line,
        id=example.id,
        text=example.text,
        text_pair=example.text_pair,
        expected=decision.expected if decision else in_words(example.target, example.text),
        answered=decision.answered if decision else in_words(prediction.target, example.text),
        confidence=decision.confidence if decision else _confidence(prediction),
        expected_spans=_spans(example.target),
        answered_spans=_spans(prediction.target),
    )


def in_words(target: Target | None, text: str) -> str:
    """Return a target as people write it: labels, or the words of each span with its label."""
    if isinstance(target, str):
        return target
    parts = [
        f"{text[item.start : item.end]} [{item.label}]" if isinstance(item, Span) else item for item in target or ()
    ]
    return ("; " if _spans(target) else ", ").join(parts)


def mixups(confusion: ConfusionTable, count: int) -> list[Mixup]:
    """Return the ``count`` pairs of labels that were mixed up most often."""
    counts = np.asarray(confusion.counts, dtype=np.int64)
    totals = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:count]
    pairs = [divmod(int(cell), len(confusion.labels)) for cell in order]
    return [
        Mixup(confusion.labels[i], confusion.labels[j], int(counts[i, j]), float(counts[i, j] / totals[i]))
        for i, j in pairs
        if counts[i, j]
    ]


def _confidence(prediction: Prediction) -> float | None:
    # Of spans, the score is that of those that were found, and says nothing of what was missed.
    return None if _spans(prediction.target) else prediction.score


def _spans(target: Target | None) -> tuple[MarkedSpan, ...]:
    items: Iterable[object] = () if isinstance(target, str) or target is None else target
    return tuple(
        MarkedSpan(start=item.start, end=item.end, label=item.label) for item in items if isinstance(item, Span)
    )
