"""Users, as administrators see and change them."""

from __future__ import annotations

from datetime import UTC, datetime

from tunery.app.access import require_admin
from tunery.app.context import Context
from tunery.i18n import _
from tunery.store import audit, sign_ins, users
from tunery.store.failures import ConflictError
from tunery.store.tables import User


def everybody(context: Context) -> list[User]:
    """Return all users, by name.

    Raises:
        AccessError: The context's user is no administrator.
    """
    require_admin(context)
    with context.workspace.reading() as session:
        return users.everybody(session)


def get(context: Context, *, user: str) -> User:
    """Return a user: oneself, or as an administrator anybody.

    Raises:
        AccessError: The context's user is no administrator.
        NotFoundError: There is no such user.
    """
    if user != context.user_id:
        require_admin(context)
    with context.workspace.reading() as session:
        return users.get(session, user)


def change(
    context: Context, *, user: str, name: str | None = None, admin: bool | None = None, disabled: bool | None = None
) -> User:
    """Change a user; who is disabled is signed out at once.

    Args:
        context: An administrator's.
        user: Whom to change.
        name: What others see.
        admin: Whether everything may be seen and changed.
        disabled: Whether the user may no longer sign in.

    Raises:
        AccessError: The context's user is no administrator.
        NotFoundError: There is no such user.
        ConflictError: Nobody could administer the workspace any more.
    """
    require_admin(context)
    with context.workspace.writing() as session:
        found = users.get(session, user)
        if name is not None:
            found.name = users.checked_name(name)
        if admin is not None:
            found.admin = admin
        if disabled is not None and disabled != (found.disabled is not None):
            found.disabled = datetime.now(UTC) if disabled else None
            sign_ins.remove_of_user(session, user)
        session.flush()
        if users.active_admins(session) == 0:
            raise ConflictError(
                _("Nobody could administer the workspace any more."), _("Make somebody else an administrator first.")
            )
        details = {"admin": found.admin, "disabled": found.disabled is not None}
        audit.record(session, user=context.user_id, action="user.change", subject=user, details=details)
        return found
