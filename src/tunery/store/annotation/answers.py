"""What people say is right: given once, taken back, replaced, and settled where they disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from tunery.i18n import _
from tunery.store import identifiers, targets
from tunery.store.annotation import leases, queues, statements
from tunery.store.failures import ConflictError, not_found
from tunery.store.tables import Annotation, Lease, Queue, QueueItem, Row
from tunery.types import Target


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item that people answered differently.

    Attributes:
        item: Its place in the queue.
        row: The text.
        answers: What each of them said, the first first.
        decision: What settled it; None where nothing did yet.
    """

    item: QueueItem
    row: Row
    answers: tuple[Annotation, ...]
    decision: Annotation | None


def submit(
    session: Session,
    *,
    id: str,  # noqa: A002 - what the client calls it
    item: str,
    user: str,
    target: Target | None,
    note: str = "",
    seconds: float | None = None,
    adjudication: bool = False,
) -> Annotation:
    """Store an answer; what the same person said before about the item is replaced.

    An answer counts also where the place went to somebody else meanwhile: nothing that a person did is thrown away.

    Args:
        session: A writing one.
        id: A new name from `tunery.store.identifiers`, made by the client: sent again, it changes nothing.
        item: The item.
        user: Who answers.
        target: What is right; None to skip it.
        note: What the person wants to say about it.
        seconds: How long it took.
        adjudication: Whether it settles what others disagree about; it then replaces whoever's decision before.

    Raises:
        NotFoundError: There is no such item.
        ConflictError: The name stands for another answer already, or can't be one.
    """
    place, queue = _locked(session, item)
    if not identifiers.PATTERN.fullmatch(id):
        raise ConflictError(
            _("{name!r} can't be the name of an answer.").format(name=id), _("Make one of 26 characters, as a ULID.")
        )
    if (known := session.get(Annotation, id)) is not None:
        if (known.item, known.user, known.adjudication) != (item, user, adjudication):
            raise ConflictError(
                _("The name {name} stands for another answer.").format(name=id), _("Make a new one for each answer.")
            )
        return known
    now = datetime.now(UTC)
    before = _standing().where(Annotation.item == item, Annotation.adjudication.is_(adjudication))
    for old in session.scalars(before if adjudication else before.where(Annotation.user == user)):
        old.undone = now
    written = targets.to_text(target)
    new = Annotation(
        id=id,
        queue=queue.id,
        item=item,
        row=place.row,
        user=user,
        target=written,
        reason=place.reason,
        suggestion=place.suggestion,
        model=queue.model if place.suggestion is not None else None,
        accepted=_accepted(place, written),
        adjudication=adjudication,
        note=note,
        seconds=seconds,
        at=now,
    )
    session.add(new)
    if (lease := session.get(Lease, (item, user))) is not None:
        session.delete(lease)
    _count(session, place, queue)
    return new


def undo(session: Session, *, annotation: str, user: str) -> Annotation:
    """Take an answer back, and give its place to the same person again; doing it twice changes nothing.

    Raises:
        NotFoundError: The user has no such answer.
    """
    found = session.get(Annotation, annotation)
    if found is None or found.user != user:
        raise not_found(annotation)
    place, queue = _locked(session, found.item)
    session.refresh(found)
    if found.undone is None:
        found.undone = datetime.now(UTC)
        _count(session, place, queue)
        if not found.adjudication:
            leases.keep(session, item=place.id, user=user, draft=None)
    return found


def own(session: Session, *, queue: str, user: str, limit: int = 20) -> list[tuple[Annotation, QueueItem, Row]]:
    """Return the user's last answers in a queue that stand, the last first."""
    found = (
        select(Annotation, QueueItem, Row)
        .join(QueueItem, QueueItem.id == Annotation.item)
        .join(Row, Row.id == Annotation.row)
        .where(
            Annotation.queue == queue,
            Annotation.user == user,
            Annotation.undone.is_(None),
            Annotation.adjudication.is_(False),
            Row.deleted.is_(None),
        )
        .order_by(Annotation.at.desc(), Annotation.id.desc())
        .limit(limit)
    )
    return [(annotation, item, row) for annotation, item, row in session.execute(found)]


def standing(session: Session, *, queue: str) -> list[Annotation]:
    """Return all answers and decisions of a queue that stand, in the order of its items, then of time."""
    found = (
        _standing()
        .join(QueueItem, QueueItem.id == Annotation.item)
        .where(Annotation.queue == queue)
        .order_by(QueueItem.position, Annotation.at, Annotation.id)
    )
    return list(session.scalars(found))


def disputes(session: Session, *, queue: str, settled: bool = False, after: int = -1, limit: int = 50) -> list[Dispute]:
    """Return items that people answered differently, in the order of the queue.

    Args:
        session: Any.
        queue: The queue.
        settled: Those that a decision was made about, instead of those that wait for one.
        after: The position behind which to begin.
        limit: How many at most.
    """
    decided = select(Annotation.item).where(
        Annotation.queue == queue, Annotation.undone.is_(None), Annotation.adjudication.is_(True)
    )
    found = session.execute(
        select(QueueItem, Row)
        .join(Row, Row.id == QueueItem.row)
        .where(
            QueueItem.id.in_(disputed(queue)),
            QueueItem.id.in_(decided) if settled else QueueItem.id.not_in(decided),
            QueueItem.position > after,
            Row.deleted.is_(None),
        )
        .order_by(QueueItem.position)
        .limit(limit)
    ).all()
    return [_dispute(session, item, row) for item, row in found]


def disagreement(session: Session, *, project: str) -> dict[str, float]:
    """Return, for each row of a project with different answers, the share that is not the most frequent one."""
    counts = (
        select(Annotation.row, Annotation.target, func.count())
        .join(Queue, Queue.id == Annotation.queue)
        .where(
            Queue.project == project,
            Annotation.undone.is_(None),
            Annotation.adjudication.is_(False),
            Annotation.target.is_not(None),
        )
        .group_by(Annotation.row, Annotation.target)
    )
    numbers: dict[str, list[int]] = {}
    for row, _target, number in session.execute(counts):
        numbers.setdefault(row, []).append(number)
    return {row: 1 - max(of_row) / sum(of_row) for row, of_row in numbers.items() if len(of_row) > 1}


def disputed(queue: str) -> Select[str]:
    """Return the items with different answers, as part of a statement."""
    return (
        select(Annotation.item)
        .where(
            Annotation.queue == queue,
            Annotation.undone.is_(None),
            Annotation.adjudication.is_(False),
            Annotation.target.is_not(None),
        )
        .group_by(Annotation.item)
        .having(func.count(Annotation.target.distinct()) > 1)
    )


def _dispute(session: Session, item: QueueItem, row: Row) -> Dispute:
    found = list(session.scalars(_standing().where(Annotation.item == item.id).order_by(Annotation.at, Annotation.id)))
    decision = next((one for one in found if one.adjudication), None)
    return Dispute(item, row, tuple(one for one in found if not one.adjudication), decision)


def _standing() -> Select[Annotation]:
    return select(Annotation).where(Annotation.undone.is_(None))


def _locked(session: Session, item: str) -> tuple[QueueItem, Queue]:
    place = session.get(QueueItem, item)
    if place is None:
        raise not_found(item)
    return place, queues.locked(session, place.queue)


def _count(session: Session, place: QueueItem, queue: Queue) -> None:
    session.flush()
    answered = session.scalar(select(statements.answered()).where(QueueItem.id == place.id).select_from(QueueItem)) or 0
    place.open = answered < queue.overlap


def _accepted(place: QueueItem, target: str | None) -> bool | None:
    if place.suggestion is None or target is None:
        return None
    return targets.to_text(targets.from_plain(place.suggestion["target"])) == target
