"""Sign-ins that were tried, so that guessing can be slowed down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.tables import Attempt

_LONGEST = 60.0
"""Seconds; a stranger's guessing must not lock anybody out for long."""
_MEMORY = timedelta(hours=1)


def wait(session: Session, about: Mapping[str, int], now: datetime) -> float:
    """Return how many seconds have to pass before the next attempt: twice as many after each one, up to a minute.

    Args:
        session: A reading or a writing one.
        about: The e-mail and the address that it comes from, each with how many may fail without a wait.
        now: The time.
    """
    return max((_wait(session, one, free, now) for one, free in about.items()), default=0.0)


def add(session: Session, about: Iterable[str], now: datetime) -> list[str]:
    """Count an attempt, before it is known whether it succeeds: many at the same time are many, too.

    Returns:
        Names by which `forget` takes it back.
    """
    made = [Attempt(id=identifiers.new(), about=one, at=now) for one in about]
    session.add_all(made)
    session.flush()
    return [one.id for one in made]


def forget(session: Session, names: Iterable[str], email: str, now: datetime) -> None:
    """Take back an attempt that succeeded, all those for the same e-mail, and what is long past.

    What came from the same address for other people's accounts stays: who has one account may still guess at others.
    """
    unwanted = or_(Attempt.id.in_(list(names)), Attempt.about == email, Attempt.at <= now - _MEMORY)
    session.execute(delete(Attempt).where(unwanted))


def _wait(session: Session, about: str, free: int, now: datetime) -> float:
    wanted = select(func.count(), func.max(Attempt.at)).where(Attempt.about == about, Attempt.at > now - _MEMORY)
    number, last = session.execute(wanted).one()
    if number < free or last is None:
        return 0.0
    passed = (now - last).total_seconds()
    return max(0.0, min(_LONGEST, 2.0 ** min(number - free, 10)) - passed)
