"""Browsers that somebody is signed in with. Only digests of their secrets are known here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from tunery.store.tables import SignIn


def create(session: Session, *, digest: str, user: str, now: datetime, expires: datetime, agent: str = "") -> SignIn:
    """Add a sign-in.

    Args:
        session: A writing one.
        digest: sha256 of the secret that the browser is given.
        user: Who signed in.
        now: When.
        expires: Until when it is good, unless it is used before.
        agent: What the browser calls itself.
    """
    made = SignIn(digest=digest, user=user, created=now, expires=expires, seen=now, agent=agent[:300])
    session.add(made)
    session.flush()
    return made


def find(session: Session, digest: str, now: datetime) -> SignIn | None:
    """Return the sign-in with this digest, if it is still good."""
    found = session.get(SignIn, digest)
    return found if found is not None and found.expires > now else None


def of_user(session: Session, user: str, now: datetime) -> list[SignIn]:
    """Return a user's sign-ins that are still good, the latest first."""
    wanted = select(SignIn).where(SignIn.user == user, SignIn.expires > now)
    return list(session.scalars(wanted.order_by(SignIn.created.desc())))


def remove(session: Session, digest: str) -> None:
    """End one sign-in."""
    session.execute(delete(SignIn).where(SignIn.digest == digest))


def remove_of_user(session: Session, user: str, *, but: str | None = None) -> int:
    """End a user's sign-ins, all or all but one; return how many."""
    unwanted = delete(SignIn).where(SignIn.user == user)
    if but is not None:
        unwanted = unwanted.where(SignIn.digest != but)
    return cast("CursorResult[Any]", session.execute(unwanted)).rowcount


def purge(session: Session, now: datetime) -> None:
    """Forget those that have expired."""
    session.execute(delete(SignIn).where(SignIn.expires <= now))
