"""Queues of rows that people are asked to label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.annotation import statements
from tunery.store.failures import not_found
from tunery.store.tables import Annotation, Lease, Queue, QueueItem

Order = Literal["uncertain", "disagreement", "random", "errors", "given"]
"""What comes first: what a model is least sure of, what two answer differently, chance, likely errors, as it came."""
ORDERS: tuple[Order, ...] = get_args(Order)

Kind = Literal["label", "labels", "spans"]
"""What an answer is: one label, several, or stretches of the text."""

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class NewItem:
    """A row for a queue.

    Attributes:
        row: Its name.
        reason: Why it is there: ``uncertain``, ``disagreement``, ``random``, ``error`` or ``given``.
        priority: The number behind the reason.
        suggestion: What a model answers, as `QueueItem.suggestion` holds it.
        given: The target that the version has, as text.
    """

    row: str
    reason: str
    priority: float | None = None
    suggestion: Mapping[str, Any] | None = None
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is to stand, and what is suggested for it."""

    item: str
    reason: str
    priority: float | None
    suggestion: Mapping[str, Any] | None


def create(
    session: Session,
    *,
    project: str,
    data_set: str,
    name: str,
    labels: Sequence[str],
    kind: Kind = "label",
    order: Order = "random",
    overlap: int = 1,
    version: str | None = None,
    model: str | None = None,
    guidelines: str = "",
    user: str | None = None,
) -> Queue:
    """Make an empty queue.

    Args:
        session: A writing one.
        project: Whose it is.
        data_set: What its answers are for.
        name: What people call it.
        labels: What may be answered, in the order in which it is shown.
        kind: What an answer is.
        order: What comes first.
        overlap: How many people label each row.
        version: Where its rows come from.
        model: Whose answers are suggested.
        guidelines: What people should know; plain text.
        user: Who made it.
    """
    queue = Queue(
        id=identifiers.new(),
        project=project,
        data_set=data_set,
        version=version,
        name=name,
        kind=kind,
        labels=list(labels),
        order=order,
        overlap=overlap,
        model=model,
        guidelines=guidelines,
        created=datetime.now(UTC),
        created_by=user,
    )
    session.add(queue)
    session.flush()
    return queue


def get(session: Session, queue: str) -> Queue:
    """Return a queue.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = session.get(Queue, queue)
    if found is None:
        raise not_found(queue)
    return found


def locked(session: Session, queue: str) -> Queue:
    """Return a queue that nobody else changes until the transaction ends.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = session.get(Queue, queue, with_for_update=True)
    if found is None:
        raise not_found(queue)
    return found


def of_project(session: Session, project: str) -> list[Queue]:
    """Return the queues of a project: open ones first, then the newest first."""
    order = (Queue.closed.is_not(None), Queue.id.desc())
    return list(session.scalars(select(Queue).where(Queue.project == project).order_by(*order)))


def add(session: Session, *, queue: str, items: Iterable[NewItem]) -> int:
    """Put rows behind those that a queue has; return how many were not in it yet."""
    locked(session, queue)
    last = session.scalar(select(func.max(QueueItem.position)).where(QueueItem.queue == queue))
    there = set(session.scalars(select(QueueItem.row).where(QueueItem.queue == queue)))
    position = -1 if last is None else last
    waiting: list[dict[str, Any]] = []
    added = 0
    for item in items:
        if item.row in there:
            continue
        there.add(item.row)
        position += 1
        added += 1
        waiting.append(_record(queue, item, position))
        if len(waiting) == _AT_ONCE:
            session.execute(insert(QueueItem), waiting)
            waiting.clear()
    if waiting:
        session.execute(insert(QueueItem), waiting)
    return added


def items(session: Session, *, queue: str) -> list[QueueItem]:
    """Return the items of a queue in its order."""
    return list(session.scalars(select(QueueItem).where(QueueItem.queue == queue).order_by(QueueItem.position)))


def arrange(session: Session, *, queue: str, places: Sequence[Place], model: str | None) -> None:
    """Give items new places, reasons and suggestions; those that are not named keep theirs, behind the named ones.

    Args:
        session: A writing one.
        queue: The queue.
        places: The items in their new order.
        model: Whose answers are suggested from now on.
    """
    found = locked(session, queue)
    found.model = model
    named = {place.item for place in places}
    rest = [item for item in items(session, queue=queue) if item.id not in named]
    changes: list[dict[str, Any]] = [
        {
            "id": place.item,
            "position": position,
            "reason": place.reason,
            "priority": place.priority,
            "suggestion": dict(place.suggestion) if place.suggestion is not None else None,
        }
        for position, place in enumerate(places)
    ]
    behind: list[dict[str, Any]] = [{"id": item.id, "position": len(places) + n} for n, item in enumerate(rest)]
    for each in (changes, behind):
        if each:
            session.execute(update(QueueItem), each)
    session.expire_all()


def remove(session: Session, *, queue: str, items: Sequence[str]) -> None:
    """Take items that nobody has answered or works on out of a queue."""
    locked(session, queue)
    wanted = set(items)
    used = set(session.scalars(select(Annotation.item).where(Annotation.queue == queue)))
    used |= set(session.scalars(select(Lease.item).join(QueueItem, QueueItem.id == Lease.item)))
    for start in range(0, len(gone := sorted(wanted - used)), _AT_ONCE):
        session.execute(delete(QueueItem).where(QueueItem.id.in_(gone[start : start + _AT_ONCE])))


def change(
    session: Session, *, queue: str, name: str | None = None, guidelines: str | None = None, overlap: int | None = None
) -> Queue:
    """Change what a queue is called, what it tells people, or how many of them label each row."""
    found = locked(session, queue)
    found.name = found.name if name is None else name
    found.guidelines = found.guidelines if guidelines is None else guidelines
    if overlap is not None and overlap != found.overlap:
        found.overlap = overlap
        _count_again(session, found)
    return found


def close(session: Session, *, queue: str, closed: bool = True) -> Queue:
    """Hand out no more rows of a queue, or do so again. Answers that are still on their way are taken."""
    found = locked(session, queue)
    found.closed = datetime.now(UTC) if closed else None
    return found


def _record(queue: str, item: NewItem, position: int) -> dict[str, Any]:
    return {
        "id": identifiers.new(),
        "queue": queue,
        "row": item.row,
        "position": position,
        "reason": item.reason,
        "priority": item.priority,
        "suggestion": dict(item.suggestion) if item.suggestion is not None else None,
        "given": item.given,
        "open": True,
    }


def _count_again(session: Session, queue: Queue) -> None:
    session.flush()
    session.execute(
        update(QueueItem).where(QueueItem.queue == queue.id).values(open=statements.answered() < queue.overlap),
        execution_options={"synchronize_session": "fetch"},
    )
