"""Links by which a user sets a password, once. Only digests of their secrets are known here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tunery.store.tables import Invitation


def create(session: Session, *, digest: str, user: str, now: datetime, expires: datetime) -> Invitation:
    """Add an invitation; those that the user had before become worthless."""
    session.execute(delete(Invitation).where(Invitation.user == user, Invitation.used.is_(None)))
    made = Invitation(digest=digest, user=user, created=now, expires=expires)
    session.add(made)
    session.flush()
    return made


def find(session: Session, digest: str, now: datetime) -> Invitation | None:
    """Return the invitation with this digest, if it is still good."""
    wanted = select(Invitation).where(Invitation.digest == digest, Invitation.expires > now)
    return session.scalar(wanted.where(Invitation.used.is_(None)).with_for_update())


def open_of(session: Session, users: set[str], now: datetime) -> set[str]:
    """Return which of these users have one that is still good."""
    wanted = select(Invitation.user).where(Invitation.user.in_(users), Invitation.expires > now)
    return set(session.scalars(wanted.where(Invitation.used.is_(None))))
