"""What users may do in projects."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tunery.i18n import _
from tunery.store.failures import ConflictError, not_found
from tunery.store.tables import Member, User

OWNER = "owner"


def of_project(session: Session, project: str) -> list[tuple[Member, User]]:
    """Return a project's members with who they are, by name."""
    wanted = select(Member, User).join(User, Member.user == User.id).where(Member.project == project)
    return [(member, user) for member, user in session.execute(wanted.order_by(User.name, User.id))]


def of_user(session: Session, user: str) -> dict[str, str]:
    """Return a user's role in each project that the user is a member of."""
    return {member.project: member.role for member in session.scalars(select(Member).where(Member.user == user))}


def get(session: Session, project: str, user: str) -> Member:
    """Return a member.

    Raises:
        NotFoundError: The user is none.
    """
    found = session.get(Member, (project, user))
    if found is None:
        raise not_found(user)
    return found


def put(session: Session, *, project: str, user: str, role: str) -> Member:
    """Make a user a member, or change the role.

    Raises:
        ConflictError: The project would have no owner any more.
    """
    found = session.get(Member, (project, user))
    if found is None:
        found = Member(project=project, user=user, role=role)
        session.add(found)
    elif found.role != role:
        _keep_an_owner(session, found)
        found.role = role
    session.flush()
    return found


def remove(session: Session, member: Member) -> None:
    """Take a member out.

    Raises:
        ConflictError: The project would have no owner any more.
    """
    _keep_an_owner(session, member)
    session.delete(member)
    session.flush()


def _keep_an_owner(session: Session, member: Member) -> None:
    if member.role != OWNER:
        return
    owners = select(func.count()).select_from(Member).where(Member.project == member.project, Member.role == OWNER)
    if (session.scalar(owners) or 0) < 2:
        raise ConflictError(
            _("A project needs an owner, and this is the only one."), _("Make somebody else an owner first.")
        )
