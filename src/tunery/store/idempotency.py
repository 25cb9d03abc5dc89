"""Requests that carry a key, so that sending one twice does what it asks for once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store.failures import ConflictError
from tunery.store.tables import Idempotency

KEPT = timedelta(hours=24)
"""How long an answer is kept."""


def begin(
    session: Session, *, user: str, key: str, request: str, now: datetime, abandoned: bool = False
) -> Idempotency | None:
    """Return what was answered to a request with this key, or take note that it is being worked on.

    Args:
        session: A writing one, committed before the work begins.
        user: Who asks; others' keys are others'.
        key: The request's key.
        request: A hash of all that was asked.
        now: The time.
        abandoned: Whether it is known that nobody works on a request with this key: one that is there without an
            answer came to nothing, and could not be forgotten because the database was away.

    Returns:
        The answer; None for a new request.

    Raises:
        SettingError: The key was used for another request.
        ConflictError: The same request is being worked on.
    """
    session.execute(delete(Idempotency).where(Idempotency.at <= now - KEPT))
    found = session.get(Idempotency, (user, key), with_for_update=True)
    if found is None:
        session.add(Idempotency(user=user, key=key, request=request, at=now))
        try:
            session.flush()
        except IntegrityError:
            raise _busy() from None
        return None
    if found.request != request:
        raise SettingError(
            _("This Idempotency-Key was used for another request."), _("Make a new key for each request.")
        )
    if found.status is not None:
        return found
    if not abandoned:
        raise _busy()
    found.at = now
    return None


def finish(session: Session, *, user: str, key: str, status: int, body: str) -> None:
    """Keep an answer, in the transaction that does what was asked."""
    found = session.get(Idempotency, (user, key))
    if found is not None:
        found.status = status
        found.body = body
        session.flush()


def give_up(session: Session, *, user: str, key: str) -> None:
    """Forget a request that came to nothing, so that it may be tried again."""
    unwanted = delete(Idempotency).where(Idempotency.user == user, Idempotency.key == key)
    session.execute(unwanted.where(Idempotency.status.is_(None)))


def give_up_all(session: Session) -> None:
    """Forget all requests without an answer: whatever worked on them has ended."""
    session.execute(delete(Idempotency).where(Idempotency.status.is_(None)))


def _busy() -> ConflictError:
    return ConflictError(_("The same request is being worked on."), _("Send it again in a moment."))
