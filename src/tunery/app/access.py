"""Who may do what in a project."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy.orm import Session

from tunery.app.context import Context
from tunery.errors import TuneryError
from tunery.i18n import N_, _
from tunery.store.failures import not_found
from tunery.store.tables import Member, Project

Role = Literal["viewer", "annotator", "editor", "owner"]
"""From the least to the most: whoever may do something may also do what those before may."""

ROLES: tuple[Role, ...] = get_args(Role)
ROLE_NAMES: dict[Role, str] = {
    "viewer": N_("viewer"),
    "annotator": N_("annotator"),
    "editor": N_("editor"),
    "owner": N_("owner"),
}
"""What people read, to be translated."""


class AccessError(TuneryError):
    """Somebody may not do what they tried to."""


class SignedOutError(AccessError):
    """Nobody is signed in, or the sign-in has expired."""


def role_in(session: Session, context: Context, project: str) -> Role | None:
    """Return what the context's user is in a project; None for a stranger.

    Raises:
        NotFoundError: There is no such project.
    """
    if session.get(Project, project) is None:
        raise not_found(project)
    if context.user is None or context.user.admin:
        return "owner"
    member = session.get(Member, (project, context.user.id))
    return member.role if member is not None else None  # type: ignore[return-value]  # only roles are written


def require(session: Session, context: Context, project: str, role: Role) -> None:
    """Make sure that the context's user is at least ``role`` in a project.

    Raises:
        NotFoundError: There is no such project, or the user may not know of it.
        AccessError: The user is less.
    """
    found = role_in(session, context, project)
    if found is None:
        raise not_found(project)
    if ROLES.index(found) < ROLES.index(role):
        raise AccessError(
            _("This needs the role {needed}; yours is {found}.").format(
                needed=_(ROLE_NAMES[role]), found=_(ROLE_NAMES[found])
            ),
            _("Ask an owner of the project."),
        )


def require_admin(context: Context) -> None:
    """Make sure that the context's user may change what concerns the whole workspace.

    Raises:
        AccessError: The user may not.
    """
    if context.user is not None and not context.user.admin:
        raise AccessError(_("This needs an administrator."), _("Ask whoever set Tunery up."))
