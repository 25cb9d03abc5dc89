"""Who works on a project, and as what."""

from __future__ import annotations

from typing import cast

from tunery.app import access
from tunery.app.access import ROLES, Role
from tunery.app.context import Context
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.settings import unknown
from tunery.store import audit, members, users
from tunery.store.tables import Member, User


def of_project(context: Context, project: str) -> list[tuple[Member, User]]:
    """Return a project's members with who they are, by name.

    Raises:
        NotFoundError: There is no such project, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return members.of_project(session, project)


def roles(context: Context) -> dict[str, Role]:
    """Return what the context's user is in each project that the user is a member of."""
    if context.user is None:
        return {}
    with context.workspace.reading() as session:
        return cast("dict[str, Role]", members.of_user(session, context.user.id))


def add(context: Context, project: str, *, email: str, role: str) -> tuple[Member, User]:
    """Make somebody with an account a member.

    Raises:
        AccessError: The context's user is no owner.
        SettingError: Nobody has this e-mail, or there is no such role.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "owner")
        user = users.by_email(session, email)
    if user is None or user.disabled is not None:
        raise SettingError(
            _("Nobody has an account with the e-mail {email}.").format(email=email[:100]),
            _("An administrator can invite people."),
        )
    return put(context, project, user=user.id, role=role)


def put(context: Context, project: str, *, user: str, role: str) -> tuple[Member, User]:
    """Make a user a member, or give a member another role.

    Raises:
        AccessError: The context's user is no owner.
        ConflictError: The project would have no owner any more.
        NotFoundError: There is no such project or user.
        SettingError: There is no such role.
    """
    if role not in ROLES:
        raise unknown(role, ROLES)
    with context.workspace.writing() as session:
        access.require(session, context, project, "owner")
        found = users.get(session, user)
        member = members.put(session, project=project, user=user, role=role)
        audit.record(
            session, user=context.user_id, action="member.put", project=project, subject=user, details={"role": role}
        )
        return member, found


def remove(context: Context, project: str, *, user: str) -> None:
    """Take a member out; everybody may leave.

    Raises:
        AccessError: The context's user is no owner.
        ConflictError: The project would have no owner any more.
        NotFoundError: There is no such project or member.
    """
    with context.workspace.writing() as session:
        access.require(session, context, project, "viewer" if user == context.user_id else "owner")
        members.remove(session, members.get(session, project, user))
        audit.record(session, user=context.user_id, action="member.remove", project=project, subject=user)
