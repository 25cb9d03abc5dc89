"""From the browser's sign-in cookie to the user."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from tunery.app.studio.parts import Parts
from tunery.store.tables import SignIn, User


def cookie_name(parts: Parts) -> str:
    """Return the name of the sign-in cookie."""
    return f"tunery_{parts.settings.port}"


def user_of(parts: Parts, secret: str | None) -> User | None:
    """Return who is signed in with a cookie's secret; None where it says nothing or has expired."""
    if not secret:
        return None
    with parts.workspace.reading() as session:
        found = session.get(SignIn, hashlib.sha256(secret.encode()).hexdigest())
        if found is None or found.expires <= datetime.now(UTC):
            return None
        user = session.get(User, found.user)
        return user if user is not None and user.disabled is None else None
