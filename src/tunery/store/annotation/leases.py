"""Handing rows of a queue out: each place goes to one person, for as long as that person is at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from tunery.store.annotation import queues, statements
from tunery.store.failures import not_found
from tunery.store.tables import Annotation, Lease, QueueItem, Row

LEASE = timedelta(minutes=10)
"""How long a place is kept for somebody who isn't heard of."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A row that somebody is to label.

    Attributes:
        item: Its place in the queue.
        row: The text.
        draft: What the same person had begun.
        until: When it may go to somebody else.
    """

    item: QueueItem
    row: Row
    draft: str | None
    until: datetime


def take(session: Session, *, queue: str, user: str, count: int = 5, skipped: bool = False) -> list[Handed]:
    """Hand out the next rows of a queue: first those that the user has already, then new ones; renew them all.

    A row is given to as many people as the queue's overlap says, counting those who answered and those who are at work.
    Nobody gets a row again that they answered or skipped.

    Args:
        session: A writing one.
        queue: The queue.
        user: Who works.
        count: How many rows at most.
        skipped: Give the user those again that they skipped.
    """
    found = queues.locked(session, queue)
    if found.closed is not None:
        return []
    now = datetime.now(UTC)
    free = _free(queue, user, found.overlap, now, skipped=skipped)
    # By name, so that not every row of the queue is asked whether somebody has it.
    own = select(Lease.item).join(QueueItem, QueueItem.id == Lease.item)
    mine = session.scalars(own.where(Lease.user == user, QueueItem.queue == queue)).all()
    given = list(session.execute(free.where(QueueItem.id.in_(mine)).limit(count))) if mine else []
    if len(given) < count:
        given += session.execute(free.where(QueueItem.id.not_in(mine)).limit(count - len(given)))
    return [_lend(session, item, row, user, now) for item, row in given]


def keep(session: Session, *, item: str, user: str, draft: str | None) -> datetime:
    """Keep what somebody has begun, and keep the place for them; return until when.

    A draft is kept too where the place has gone to somebody else meanwhile.
    """
    if session.get(QueueItem, item) is None:
        raise not_found(item)
    until = datetime.now(UTC) + LEASE
    lease = session.get(Lease, (item, user), with_for_update=True)
    if lease is None:
        lease = Lease(item=item, user=user, until=until)
        session.add(lease)
    lease.until = until
    lease.draft = draft
    return until


def release(
    session: Session, *, queue: str, user: str, items: Sequence[str] | None = None, until: datetime | None = None
) -> None:
    """Let others have what the user doesn't work on any more; drafts stay.

    Args:
        session: A writing one.
        queue: The queue.
        user: Who stops.
        items: Which items; None for all of the user's.
        until: Only what was to be kept no longer than this: what has been renewed since, somebody works on again.
    """
    here = select(QueueItem.id).where(QueueItem.queue == queue)
    if items is not None:
        here = here.where(QueueItem.id.in_(items))
    kept = update(Lease).where(Lease.user == user, Lease.item.in_(here))
    if until is not None:
        kept = kept.where(Lease.until <= until)
    session.execute(kept.values(until=datetime.now(UTC)), execution_options={"synchronize_session": "fetch"})


def _free(queue: str, user: str, overlap: int, now: datetime, *, skipped: bool) -> Select[QueueItem, Row]:
    own = statements.answers_to_item(Annotation.id).where(Annotation.user == user)
    wanted = own.where(Annotation.target.is_(None)).exists() if skipped else ~own.exists()
    held = (
        select(func.count())
        .select_from(Lease)
        .where(Lease.item == QueueItem.id, Lease.user != user, Lease.until > now)
        .correlate(QueueItem)
        .scalar_subquery()
    )
    return (
        select(QueueItem, Row)
        .join(Row, Row.id == QueueItem.row)
        .where(
            QueueItem.queue == queue,
            QueueItem.open.is_(True),
            Row.deleted.is_(None),
            wanted,
            statements.answered() + held < overlap,
        )
        .order_by(QueueItem.position)
    )


def _lend(session: Session, item: QueueItem, row: Row, user: str, now: datetime) -> Handed:
    lease = session.get(Lease, (item.id, user))
    if lease is None:
        lease = Lease(item=item.id, user=user, until=now + LEASE)
        session.add(lease)
    lease.until = now + LEASE
    return Handed(item, row, lease.draft, lease.until)
