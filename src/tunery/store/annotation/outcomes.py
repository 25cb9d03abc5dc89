"""What is right for each row, according to everybody's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from tunery.store.tables import Annotation

How = Literal["settled", "agreed", "majority", "tie"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a queue's answers say about one row.

    Attributes:
        row: The row.
        how: ``settled`` by a decision, ``agreed`` by all who answered, said by the ``majority``, or a ``tie``.
        target: What is right, as text; None for a tie.
        annotation: The decision, or the first answer that says so.
    """

    row: str
    how: How
    target: str | None
    annotation: str | None


def outcomes(standing: Sequence[Annotation]) -> list[Outcome]:
    """Return what is right for each row that anybody answered.

    Args:
        standing: The answers and decisions that stand, those of an item together: `answers.standing`.
    """
    said = [annotation for annotation in standing if annotation.target is not None]
    return [_outcome(list(group)) for _item, group in groupby(said, key=lambda annotation: annotation.item)]


def _outcome(said: list[Annotation]) -> Outcome:
    for annotation in said:
        if annotation.adjudication:
            return Outcome(annotation.row, "settled", annotation.target, annotation.id)
    counts = Counter(annotation.target for annotation in said).most_common()
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return Outcome(said[0].row, "tie", None, None)
    first = next(annotation for annotation in said if annotation.target == counts[0][0])
    return Outcome(first.row, "agreed" if len(counts) == 1 else "majority", first.target, first.id)
