"""From the browser's sign-in cookie to the user."""

from __future__ import annotations

from datetime import UTC, datetime

from tunery.app import secret
from tunery.app.access import SignedOutError
from tunery.app.actions import accounts
from tunery.app.parts import Parts
from tunery.store import sign_ins
from tunery.store.tables import User


def user_of(parts: Parts, given: str | None) -> User | None:
    """Return who is signed in with a cookie's secret, and keep the sign-in alive; None for nobody."""
    if not given:
        return None
    try:
        return accounts.who(parts.workspace, parts.settings, given)[0]
    except SignedOutError:
        return None


def seen(parts: Parts, given: str | None) -> User | None:
    """Return the same without keeping the sign-in alive: a page that is only open is not used."""
    if not given:
        return None
    with parts.workspace.reading() as session:
        found = sign_ins.find(session, secret.digest(given), datetime.now(UTC))
        user = session.get(User, found.user) if found is not None else None
    return user if user is not None and user.disabled is None else None
