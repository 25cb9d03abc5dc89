"""Secrets by which programs act for a user. Only digests of them are known here."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import identifiers
from tunery.store.failures import not_found
from tunery.store.tables import AccessToken

_LONGEST_NAME = 100


def create(session: Session, *, digest: str, user: str, name: str, expires: datetime | None = None) -> AccessToken:
    """Add a token.

    Raises:
        SettingError: It has no name, or is expired already.
    """
    name = " ".join(name.split())
    now = datetime.now(UTC)
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise SettingError(
            _("A name has between 1 and {n} characters.").format(n=_LONGEST_NAME), _("Write another name.")
        )
    if expires is not None and expires <= now:
        raise SettingError(_("The token would be expired from the start."), _("Choose a time that is still to come."))
    token = AccessToken(id=identifiers.new(), user=user, name=name, digest=digest, created=now, expires=expires)
    session.add(token)
    session.flush()
    return token


def get(session: Session, token: str) -> AccessToken:
    """Return a token.

    Raises:
        NotFoundError: There is no such one.
    """
    found = session.get(AccessToken, token)
    if found is None:
        raise not_found(token)
    return found


def find(session: Session, digest: str, now: datetime) -> AccessToken | None:
    """Return the token with this digest, if it is good."""
    good = or_(AccessToken.expires.is_(None), AccessToken.expires > now)
    return session.scalar(
        select(AccessToken).where(AccessToken.digest == digest, AccessToken.revoked.is_(None), good)
    )  # fmt: skip


def of_user(session: Session, user: str) -> list[AccessToken]:
    """Return a user's tokens that are not revoked, the latest first."""
    wanted = select(AccessToken).where(AccessToken.user == user, AccessToken.revoked.is_(None))
    return list(session.scalars(wanted.order_by(AccessToken.id.desc())))


def revoke(session: Session, token: AccessToken, now: datetime) -> None:
    """Make a token worthless; one that is already stays as it is."""
    if token.revoked is None:
        token.revoked = now
        session.flush()
