"""What models say of a queue's rows, and in which order they are asked because of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery import progress
from tunery.app.annotation.surface import Plain, plain
from tunery.errors import SettingError
from tunery.evaluation.label_errors import LabelErrors
from tunery.i18n import _
from tunery.store.annotation import queues
from tunery.store.annotation.queues import Place
from tunery.store.rows import to_example
from tunery.store.tables import Queue, QueueItem, Row
from tunery.store.workspace import Workspace
from tunery.types import Example, Prediction, Predictor, Span

Measure = Literal["margin", "entropy"]
"""How unsure a model is of a class: how little the best is ahead of the second (Scheffer et al. 2001), or how much is
left open over all classes (Shannon)."""
_PORTION = 64
_SCORES = 5
"""Labels whose scores are kept with a suggestion."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An item that waits for answers, as an example."""

    item: str
    reason: str
    priority: float | None
    example: Example


def suggest(
    workspace: Workspace,
    queue: str,
    predictor: Predictor,
    *,
    model: str | None = None,
    other: Predictor | None = None,
    measure: Measure = "margin",
) -> int:
    """Write a model's answers beside the rows of a queue that wait, and put them into the queue's order.

    Rows that are done stay as they are, and what people have on their pages changes for nobody.

    Args:
        workspace: Where the queue is.
        queue: The queue.
        predictor: Whose answers are suggested.
        model: Its name in the workspace; it is kept with every answer that people give.
        other: Where the order is ``disagreement``, whose answers it is compared with.
        measure: How unsure is measured where the order is ``uncertain``.

    Returns:
        How many rows got a suggestion.

    Raises:
        SettingError: The model answers with labels that the queue doesn't have.
    """
    with workspace.reading() as session:
        found = queues.get(session, queue)
        asked = _waiting(session, queue)
    _same_labels(found, predictor)
    answers = _answers(predictor, asked)
    theirs = _answers(other, asked) if other is not None else None
    places = [_place(one, answer) for one, answer in zip(asked, answers, strict=True)]
    if found.order == "uncertain":
        places = _least_sure_first(places, answers, measure)
    elif found.order == "disagreement" and theirs is not None:
        places = _different_first(places, answers, theirs)
    with workspace.writing() as session:
        queues.arrange(session, queue=queue, places=places, model=model)
    return len(places)


def likely_errors(workspace: Workspace, queue: str, find: Callable[[Sequence[Example]], LabelErrors]) -> int:
    """Leave in a queue what is likely labelled wrong, the likeliest first, with what would be right instead.

    Args:
        workspace: Where the queue is.
        queue: A queue of labelled rows.
        find: Ranks labelled rows, for example `tunery.label_errors` with a base model.

    Returns:
        How many rows are left to look at.
    """
    with workspace.reading() as session:
        asked = [one for one in _waiting(session, queue, labelled=True) if one.example.target is not None]
    found = find([one.example for one in asked]).rows
    places = [
        Place(asked[row.index].item, "error", row.score, {"target": plain(row.suggested), "why": row.reason})
        for row in found
    ]
    left = {place.item for place in places}
    with workspace.writing() as session:
        queues.arrange(session, queue=queue, places=places, model=None)
        queues.remove(session, queue=queue, items=[one.item for one in asked if one.item not in left])
    return len(places)


def margin(prediction: Prediction) -> float:
    """Return how far a class is ahead of the next: near 0 where a model is unsure."""
    first, *rest = [*prediction.scores.values()] or [prediction.score if prediction.score is not None else 1.0]
    return first - rest[0] if rest else first


def entropy(prediction: Prediction) -> float:
    """Return how much is left open over all classes, in nats."""
    return -sum(score * math.log(score) for score in prediction.scores.values() if score > 0)


def least_sure(prediction: Prediction) -> float:
    """Return how sure a model is of the least sure part of its answer: of a span, or of a label being given or not."""
    scores = [item.score for item in prediction.target if isinstance(item, Span) and item.score is not None]
    if prediction.score is not None:
        scores.append(prediction.score)
    return min(scores, default=1.0)


def _waiting(session: Session, queue: str, *, labelled: bool = False) -> list[_Asked]:
    found = (
        select(QueueItem, Row)
        .join(Row, Row.id == QueueItem.row)
        .where(QueueItem.queue == queue, QueueItem.open.is_(True), Row.deleted.is_(None))
        .order_by(QueueItem.position)
    )
    return [
        _Asked(item.id, item.reason, item.priority, to_example(row, item.given if labelled else None))
        for item, row in session.execute(found)
    ]


def _answers(predictor: Predictor, asked: Sequence[_Asked]) -> list[Prediction]:
    found: list[Prediction] = []
    with progress.bar(_("Suggesting answers"), len(asked)) as bar:
        for start in range(0, len(asked), _PORTION):
            portion = [one.example for one in asked[start : start + _PORTION]]
            found += predictor.predict(portion)
            bar.advance(len(portion))
    return found


def _same_labels(queue: Queue, predictor: Predictor) -> None:
    if unknown := sorted(set(predictor.labels) - set(queue.labels)):
        raise SettingError(
            _("The model answers with {label!r}, which the queue doesn't have.").format(label=unknown[0]),
            _("Make the queue with the model's labels, or choose another model."),
        )


def _place(one: _Asked, answer: Prediction) -> Place:
    best = dict(list(answer.scores.items())[:_SCORES])
    target: Plain | None = plain(answer.target)
    return Place(one.item, one.reason, one.priority, {"target": target, "score": answer.score, "scores": best})


def _least_sure_first(places: Sequence[Place], answers: Sequence[Prediction], measure: Measure) -> list[Place]:
    ranked: list[tuple[float, Place]] = []
    for place, answer in zip(places, answers, strict=True):
        of_class = isinstance(answer.target, str)
        number = (entropy if measure == "entropy" else margin)(answer) if of_class else least_sure(answer)
        unsure = number if of_class and measure == "entropy" else -number
        ranked.append((unsure, Place(place.item, "uncertain", number, place.suggestion)))
    ranked.sort(key=lambda pair: -pair[0])
    return [place for _unsure, place in ranked]


def _different_first(
    places: Sequence[Place], answers: Sequence[Prediction], others: Sequence[Prediction]
) -> list[Place]:
    def sureness(answer: Prediction) -> float:
        return answer.score if answer.score is not None else least_sure(answer)

    differing: list[Place] = []
    alike: list[Place] = []
    for place, answer, other in zip(places, answers, others, strict=True):
        if answer.target == other.target:
            alike.append(place)
        else:
            # Where both are sure of different answers, one of them has most to learn.
            both = min(sureness(answer), sureness(other))
            differing.append(Place(place.item, "disagreement", both, place.suggestion))
    differing.sort(key=lambda place: -(place.priority or 0.0))
    return differing + alike
