"""Access tokens: secrets by which programs act for a user."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from tunery.app import secret
from tunery.app.actions.accounts import somebody
from tunery.app.context import Context
from tunery.store import access_tokens, audit
from tunery.store.failures import StoreError, not_found
from tunery.store.tables import AccessToken, User
from tunery.store.workspace import Workspace

_TOUCHED = timedelta(minutes=1)
"""How often a use is written down."""


def create(context: Context, *, name: str, expires: datetime | None = None) -> tuple[AccessToken, str]:
    """Make a token of the context's user; return it with its secret, which is nowhere else.

    Raises:
        SettingError: It has no name, or is expired already.
    """
    user = somebody(context)
    given = secret.new(secret.TOKEN_PREFIX)
    with context.workspace.writing() as session:
        token = access_tokens.create(
            session, digest=secret.digest(given), user=user.id, name=name, expires=expires
        )  # fmt: skip
        audit.record(session, user=user.id, action="token.create", subject=token.id)
        return token, given


def own(context: Context) -> list[AccessToken]:
    """Return the tokens of the context's user, the latest first."""
    user = somebody(context)
    with context.workspace.reading() as session:
        return access_tokens.of_user(session, user.id)


def revoke(context: Context, *, token: str) -> None:
    """Make a token worthless: one's own, or as an administrator anybody's.

    Raises:
        NotFoundError: There is no such one, or it is somebody else's.
    """
    with context.workspace.writing() as session:
        found = access_tokens.get(session, token)
        if context.user is not None and not context.user.admin and found.user != context.user.id:
            raise not_found(token)
        access_tokens.revoke(session, found, datetime.now(UTC))
        audit.record(session, user=context.user_id, action="token.revoke", subject=token)


def who(workspace: Workspace, given: str) -> User | None:
    """Return whom a token acts for; None where it is worthless."""
    if not given.startswith(secret.TOKEN_PREFIX):
        return None
    now = datetime.now(UTC)
    with workspace.reading() as session:
        token = access_tokens.find(session, secret.digest(given), now)
        user = session.get(User, token.user) if token is not None else None
    if token is None or user is None or user.disabled is not None:
        return None
    if token.used is None or now - token.used > _TOUCHED:
        # Who may only read, on a full disk, is not turned away because this can't be noted.
        with suppress(StoreError), workspace.writing() as session:
            access_tokens.get(session, token.id).used = now
    return user
