"""How far a queue is, altogether and for each person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tunery.store.annotation.answers import disputed
from tunery.store.tables import Annotation, Lease, QueueItem, Row


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """What one person did in a queue.

    Attributes:
        user: The person.
        answered: Rows with an answer of theirs.
        skipped: Rows that they skipped.
        accepted: Answers that are what was suggested.
        suggested: Answers where something was suggested.
        seconds: The median time that an answer took; None where none was measured.
        last: When they last answered.
    """

    user: str
    answered: int
    skipped: int
    accepted: int
    suggested: int
    seconds: float | None
    last: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a queue has, how many of them are done, and how many somebody works on."""

    items: int
    done: int
    held: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is.

    Attributes:
        items: Its rows, without those whose text was deleted.
        done: Rows that as many people answered as the queue wants.
        begun: Rows that anybody answered.
        held: Rows that somebody works on now.
        disputed: Rows that people answered differently and nothing settled yet.
        settled: Rows that were decided about.
        people: Everybody who answered or skipped, the most active first.
    """

    items: int
    done: int
    begun: int
    held: int
    disputed: int
    settled: int
    people: tuple[PersonProgress, ...]


def counts(session: Session, queue: str) -> Counts:
    """Return the numbers of a queue that are cheap to have."""
    here = select(QueueItem.open, func.count()).where(QueueItem.queue == queue).group_by(QueueItem.open)
    sizes = Counter(dict(session.execute(here).all()))
    # Counted apart, so that not every row has to be looked at.
    gone = select(Row.id).where(Row.deleted.is_not(None))
    sizes.subtract(dict(session.execute(here.where(QueueItem.row.in_(gone))).all()))
    held = session.scalar(
        select(func.count(Lease.item.distinct()))
        .join(QueueItem, QueueItem.id == Lease.item)
        .where(QueueItem.queue == queue, Lease.until > datetime.now(UTC))
    )
    return Counts(items=sizes.total(), done=sizes[False], held=held or 0)


def of_queue(session: Session, queue: str) -> Progress:
    """Return how far a queue is."""
    found = counts(session, queue)
    standing = list(session.scalars(select(Annotation).where(Annotation.queue == queue, Annotation.undone.is_(None))))
    settled = {one.item for one in standing if one.adjudication}
    contested = set(session.scalars(disputed(queue)))
    return Progress(
        items=found.items,
        done=found.done,
        begun=len({one.item for one in standing if one.target is not None and not one.adjudication}),
        held=found.held,
        disputed=len(contested - settled),
        settled=len(settled),
        people=_people([one for one in standing if not one.adjudication]),
    )


def of_person(session: Session, queue: str, user: str) -> tuple[int, int]:
    """Return how many rows of a queue somebody answered, and how many they skipped."""
    found = session.execute(
        select(func.count(Annotation.target), func.count()).where(
            Annotation.queue == queue,
            Annotation.user == user,
            Annotation.undone.is_(None),
            Annotation.adjudication.is_(False),
        )
    ).one()
    return found[0], found[1] - found[0]


def _people(standing: list[Annotation]) -> tuple[PersonProgress, ...]:
    own: dict[str, list[Annotation]] = {}
    for one in standing:
        own.setdefault(one.user, []).append(one)
    return tuple(sorted((_person(*each) for each in own.items()), key=lambda person: (-person.answered, person.user)))


def _person(user: str, own: list[Annotation]) -> PersonProgress:
    said = [one for one in own if one.target is not None]
    times = [one.seconds for one in said if one.seconds is not None]
    return PersonProgress(
        user=user,
        answered=len(said),
        skipped=len(own) - len(said),
        accepted=sum(one.accepted is True for one in said),
        suggested=sum(one.accepted is not None for one in said),
        seconds=median(times) if times else None,
        last=max(one.at for one in own),
    )
